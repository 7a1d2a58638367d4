# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Put in front of our .psm1 files by tests/simulators/powershell.py: COM objects that are none. The rules, and what Windows does with them,
# are in fake_rules.cs of the folder LAB_FAKES. Rules lie in the text file LAB_RULES; LAB_COUNTS gets a line for each enumeration and write.
$labSource = @'
using System;
using System.Collections;
using System.Collections.Generic;
using System.Text;

// What a host does not have, or cannot tell: LAB_MISSING and LAB_UNREADABLE name properties, with commas. A getter that fails gives $null to a
// script, in Windows PowerShell as here.
public static class LabBroken
{
    static bool Has(string variable, string name) { return ("," + Environment.GetEnvironmentVariable(variable) + ",").Contains("," + name + ","); }
    public static void Read(string name)
    {
        Known(name);
        if (Has("LAB_UNREADABLE", name)) { throw new LabRefusal("Unspecified error", 0x80004005); }
    }
    // LAB_NO_ADMINISTRATOR: the account is none, so the service of the firewall and the scheduler refuse it.
    public static void Ask()
    {
        if (Environment.GetEnvironmentVariable("LAB_NO_ADMINISTRATOR") == "1") { throw new LabRefusal("Access is denied.", 0x80070005); }
    }
    public static void Known(string name) { if (Has("LAB_MISSING", name)) { throw new LabRefusal("Unknown name.", 0x80020006); } }
}

public class LabPolicy
{
    LabRules stored = new LabRules();
    public LabRules Rules { get { LabBroken.Ask(); return stored; } }
    public int CurrentProfileTypes { get { LabBroken.Ask(); LabBroken.Read("CurrentProfileTypes"); return 1; } }
    public int LocalPolicyModifyState { get { LabBroken.Read("LocalPolicyModifyState"); return 0; } }
    public bool FirewallEnabled(int profile) { LabBroken.Ask(); return true; }
    public bool BlockAllInboundTraffic(int profile) { return false; }
    public int DefaultInboundAction(int profile) { return 0; }
    public int DefaultOutboundAction(int profile) { return 1; }
}

// Schedule.Service with one folder; tasks are lines of the file LAB_TASK: name, start, end, program and arguments, last run, last result,
// separated by tabs. An updated task keeps when it ran last ([MS-TSCH] 3.2.5.4.2 resets nothing; LAB_FLIPPED update_forgets_run: it does not).
// StartWhenAvailable asks for an end boundary, and so does DeleteExpiredTaskAfter (TaskSettings of the Task Scheduler's reference;
// LAB_FLIPPED available_without_end: the first does not). LAB_SCHEDULER: stopped, or never for a scheduler that takes a task and forgets it.
public class LabTask
{
    public string Name, Start, End, Command, Ran, Result;
    public bool Enabled { get { return true; } }
    public DateTime LastRunTime { get { return Ran == "" ? new DateTime(1999, 11, 30) : DateTime.Parse(Ran); } }
    // 0x41303 SCHED_S_TASK_HAS_NOT_RUN
    public int LastTaskResult { get { return Ran == "" ? 0x41303 : int.Parse(Result); } }
    public DateTime NextRunTime
    {
        get
        {
            DateTime start = DateTime.Parse(Start, null, System.Globalization.DateTimeStyles.AdjustToUniversal).ToLocalTime();
            bool isNever = Environment.GetEnvironmentVariable("LAB_SCHEDULER") == "never";
            return start > DateTime.Now && !isNever ? start : new DateTime(1899, 12, 30);
        }
    }

    public static LabTask Load(string line)
    {
        string[] part = line.Split('\t');
        return new LabTask { Name = part[0], Start = part[1], End = part[2], Command = part[3], Ran = part[4], Result = part[5] };
    }

    public string Line() { return string.Join("\t", new string[] { Name, Start, End, Command, Ran, Result }); }
}

public class LabTrigger { public string StartBoundary, EndBoundary; }
public class LabAction { public string Path, Arguments; }
public class LabMaker<T> where T : new()
{
    public T Made;
    public T Create(int kind) { Made = new T(); return Made; }
}
public class LabSettings
{
    public bool StartWhenAvailable, DisallowStartIfOnBatteries, StopIfGoingOnBatteries;
    public string DeleteExpiredTaskAfter;
}
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
        string[] lines = System.IO.File.Exists(Path) ? System.IO.File.ReadAllLines(Path) : new string[0];
        return new List<string>(lines).ConvertAll(LabTask.Load);
    }

    void Write(List<LabTask> tasks) { System.IO.File.WriteAllLines(Path, tasks.ConvertAll(task => task.Line()).ToArray()); }

    public object RegisterTaskDefinition(string name, LabDefinition made, int flags, object user, object password, int logon, object sddl)
    {
        string end = made.Triggers.Made.EndBoundary ?? "";
        if (made.Principal.UserId != "S-1-5-18" || logon != 5) { throw new LabRefusal("not as SYSTEM", 0x80070005); }
        if (made.Settings.DeleteExpiredTaskAfter != null && end == "")
        {
            throw new LabRefusal("The task XML is missing a required element or attribute: EndBoundary", 0x80041319);
        }
        List<LabTask> tasks = GetTasks(1);
        LabTask old = tasks.Find(task => task.Name == name);
        if (old != null && (flags & 4) == 0) { throw new LabRefusal("Cannot create a file when that file already exists.", 0x800700B7); }
        bool isKept = old != null && !LabRules.IsFlipped("update_forgets_run");
        string available = made.Settings.StartWhenAvailable ? end : "";
        if (made.Settings.StartWhenAvailable && LabRules.IsFlipped("available_without_end")) { available = end == "" ? "9999" : end; }
        string command = made.Actions.Made.Path + " " + made.Actions.Made.Arguments;
        tasks.RemoveAll(task => task.Name == name);
        tasks.Add(new LabTask {
            Name = name, Start = made.Triggers.Made.StartBoundary, End = available, Command = command,
            Ran = isKept ? old.Ran : "", Result = isKept ? old.Result : ""
        });
        Write(tasks);
        return null;
    }

    public void DeleteTask(string name, int flags)
    {
        List<LabTask> tasks = GetTasks(1);
        if (tasks.RemoveAll(task => task.Name == name) == 0) { throw new LabRefusal("The system cannot find the file specified.", 0x80070002); }
        Write(tasks);
    }
}

public class LabScheduler
{
    public void Connect()
    {
        LabBroken.Ask();
        if (Environment.GetEnvironmentVariable("LAB_SCHEDULER") == "stopped")
        {
            throw new LabRefusal("The service cannot be started, because it is disabled.", 0x80070422);
        }
    }
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
    if (-not (Test-Path -LiteralPath $from)) {
        $global:LASTEXITCODE = 1
        return 'Das System kann die angegebene Datei nicht finden.'
    }
    $beside = if ($args[1] -eq 'import' -and $env:LAB_IMPORTS) { Join-Path -Path $env:LAB_IMPORTS -ChildPath (Split-Path -Path $from -Leaf) }
    if ($beside -and (Test-Path -LiteralPath $beside)) { $from = $beside }
    Copy-Item -LiteralPath $from -Destination $to
    if ($env:LAB_STORE) {
        Invoke-Lab -Request @{ do = $args[1]; path = $args[2] }
    }
    if ($args[1] -eq 'import') {
        [LabRules]::Reload()
    }
}
