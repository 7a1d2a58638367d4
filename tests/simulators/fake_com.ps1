# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Put in front of our .psm1 files by tests/simulators/powershell.py: COM objects that are none. The rules, and what Windows does with them,
# are in fake_rules.cs of the folder LAB_FAKES. Rules lie in the text file LAB_RULES; LAB_COUNTS gets a line for each enumeration and write.
$labSource = @'
using System;
using System.Collections;
using System.Collections.Generic;
using System.Text;

public class LabPolicy
{
    public LabRules Rules = new LabRules();
    public int CurrentProfileTypes = 1;
    public int LocalPolicyModifyState = 0;
    public bool FirewallEnabled(int profile) { return true; }
    public bool BlockAllInboundTraffic(int profile) { return false; }
    public int DefaultInboundAction(int profile) { return 0; }
    public int DefaultOutboundAction(int profile) { return 1; }
}

// Schedule.Service with one folder; a task is the file LAB_TASK: name, due time, program and arguments, whether it ran.
public class LabTask
{
    public string Name;
    public DateTime LastRunTime, NextRunTime;
}

public class LabTrigger { public string StartBoundary; }
public class LabAction { public string Path, Arguments; }
public class LabMaker<T> where T : new()
{
    public T Made;
    public T Create(int kind) { Made = new T(); return Made; }
}
public class LabSettings { public bool StartWhenAvailable, DisallowStartIfOnBatteries, StopIfGoingOnBatteries; }
public class LabInfo { public string Description; }
public class LabPrincipal { public string UserId; public int LogonType, RunLevel; }
public class LabDefinition
{
    public LabInfo RegistrationInfo = new LabInfo();
    public LabSettings Settings = new LabSettings();
    public LabMaker<LabTrigger> Triggers = new LabMaker<LabTrigger>();
    public LabMaker<LabAction> Actions = new LabMaker<LabAction>();
    public LabPrincipal Principal = new LabPrincipal();
}

public class LabFolder
{
    static string Path { get { return Environment.GetEnvironmentVariable("LAB_TASK"); } }

    public List<LabTask> GetTasks(int flags)
    {
        List<LabTask> tasks = new List<LabTask>();
        if (System.IO.File.Exists(Path))
        {
            string[] lines = System.IO.File.ReadAllLines(Path);
            LabTask task = new LabTask();
            task.Name = lines[0];
            task.LastRunTime = lines[3] == "True" ? DateTime.Now : new DateTime(1999, 11, 30);
            tasks.Add(task);
        }
        return tasks;
    }

    public object RegisterTaskDefinition(string name, LabDefinition made, int flags, object user, object password, int logon, object sddl)
    {
        if (made.Principal.UserId != "S-1-5-18" || logon != 5 || !made.Settings.StartWhenAvailable) { throw new Exception("not as SYSTEM, or not at any time"); }
        string command = made.Actions.Made.Path + " " + made.Actions.Made.Arguments;
        // An update keeps when the task ran last.
        string ran = System.IO.File.Exists(Path) ? System.IO.File.ReadAllLines(Path)[3] : "False";
        System.IO.File.WriteAllLines(Path, new string[] { name, made.Triggers.Made.StartBoundary, command, ran });
        return null;
    }

    public void DeleteTask(string name, int flags) { System.IO.File.Delete(Path); }
}

public class LabScheduler
{
    public void Connect() { }
    public LabFolder GetFolder(string path) { return new LabFolder(); }
    public LabDefinition NewTask(int flags) { return new LabDefinition(); }
}
'@ + (Get-Content -LiteralPath (Join-Path -Path $env:LAB_FAKES -ChildPath 'fake_rules.cs') -Raw)
# Compiled by the first run that finds no LAB_ASSEMBLY, for those after it: compiling costs as much as a module does.
if (-not $env:LAB_ASSEMBLY) {
    Add-Type -TypeDefinition $labSource
} else {
    if (-not (Test-Path -LiteralPath $env:LAB_ASSEMBLY)) {
        $made = "$env:LAB_ASSEMBLY.$PID"
        Add-Type -TypeDefinition $labSource -OutputAssembly $made
        # Of several first runs one gives the file; replacing it would take it from under the others for a moment.
        try { [System.IO.File]::Move($made, $env:LAB_ASSEMBLY) } catch [System.IO.IOException] { Remove-Item -LiteralPath $made }
    }
    Add-Type -LiteralPath $env:LAB_ASSEMBLY
}

function New-Object {
    param([string]$TypeName, [string]$ComObject, [object[]]$ArgumentList)
    if ($ComObject -eq 'HNetCfg.FwPolicy2') { return [LabPolicy]::new() }
    if ($ComObject -eq 'HNetCfg.FWRule') { return [LabRule]::new() }
    if ($ComObject -eq 'Schedule.Service') { return [LabScheduler]::new() }
    if ($TypeName -eq 'System.Threading.Mutex') {
        # A lock of one host: the simulated hosts are one machine, and must not wait for each other.
        $PSBoundParameters.ArgumentList = @($ArgumentList[0], ($ArgumentList[1] + ($env:SystemRoot -replace '\W', '_')))
    }
    Microsoft.PowerShell.Utility\New-Object @PSBoundParameters
}

function netsh.exe {
    # -f SCRIPT, advfirewall export FILE, advfirewall import FILE
    if ($args[0] -eq '-f') {
        return Invoke-LabScript -Path $args[1]
    }
    $from, $to = if ($args[1] -eq 'export') { $env:LAB_RULES, $args[2] } else { $args[2], $env:LAB_RULES }
    $global:LASTEXITCODE = if ($env:LAB_DISK_FULL) { 1 } else { 0 }
    if ($env:LAB_DISK_FULL) {
        return 'Es steht nicht genug Speicherplatz auf dem Datenträger zur Verfügung.'
    }
    Copy-Item -LiteralPath $from -Destination $to
    if ($env:LAB_STORE) {
        Invoke-Lab -Request @{ do = $args[1]; path = $args[2] }
    }
    if ($args[1] -eq 'import') {
        [LabRules]::Reload()
    }
}
