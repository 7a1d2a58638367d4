# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Put in front of _Firewall.psm1 by tests/lab/powershell.py: COM objects that are none, over the text file LAB_RULES.
# One rule a line, its properties as name:base64, separated by blanks. Values read back as Windows gives them, like those of
# windows_rules.py; hardly anything is refused here: that is for the simulator. LAB_COUNTS gets a line for each enumeration and write.
Add-Type -TypeDefinition @'
using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;

// Lists as Windows stores them: by class, keywords in the order of their bits.
public static class LabList
{
    static readonly string[] AddressWords = { "LocalSubnet", "DNS", "DHCP", "WINS", "DefaultGateway", "Intranet", "Internet", "Ply2Renders", "RmtIntranet", "CaptivePortal" };
    static readonly string[] PortWords = { "RPC", "RPC-EPMap", "IPHTTPS", "Teredo", "Ply2Disc" };
    static readonly string[] InterfaceTypes = { "Lan", "Wireless", "RemoteAccess" };

    public static object Normal(string name, object value)
    {
        if (name.EndsWith("Addresses")) { return Ordered(value, AddressWords, "*", Addresses); }
        if (name.EndsWith("Ports")) { return Ordered(value, PortWords, "*", tokens => tokens); }
        if (name == "InterfaceTypes") { return Ordered(value, InterfaceTypes, "All", tokens => new string[0]); }
        return name == "IcmpTypesAndCodes" && string.IsNullOrEmpty((string)value) ? "*" : value;
    }

    static string Ordered(object value, string[] words, string everything, Func<IEnumerable<string>, IEnumerable<string>> rest)
    {
        string[] tokens = Convert.ToString(value).Split(',').Select(token => token.Trim()).Where(token => token != "" && token != everything).ToArray();
        IEnumerable<string> known = words.Where(word => tokens.Contains(word, StringComparer.OrdinalIgnoreCase));
        IEnumerable<string> others = tokens.Where(token => !words.Contains(token, StringComparer.OrdinalIgnoreCase));
        return tokens.Length == 0 ? everything : string.Join(",", known.Concat(rest(others)));
    }

    // IPv4 subnets, IPv4 ranges, IPv6 subnets, IPv6 ranges.
    static IEnumerable<string> Addresses(IEnumerable<string> tokens)
    {
        return tokens.Select(Address).OrderBy(text => (text.Contains(':') ? 2 : 0) + (text.Contains('-') ? 1 : 0));
    }

    static string Address(string token)
    {
        string[] ends = token.Split('-');
        if (ends.Length == 2) { return IPAddress.Parse(ends[0]) + "-" + IPAddress.Parse(ends[1]); }
        string[] parts = token.Split('/');
        IPAddress address = IPAddress.Parse(parts[0]);
        byte[] mask = parts.Length == 2 && parts[1].Contains('.') ? IPAddress.Parse(parts[1]).GetAddressBytes() : null;
        byte[] bytes = address.GetAddressBytes();
        int prefix = parts.Length == 1 ? bytes.Length * 8 : mask == null ? int.Parse(parts[1]) : 0;
        mask = mask ?? bytes.Select((part, index) => (byte)(0xFF00 >> Math.Min(8, Math.Max(0, prefix - 8 * index)))).ToArray();
        IPAddress network = new IPAddress(bytes.Select((part, index) => (byte)(part & mask[index])).ToArray());
        if (address.AddressFamily == AddressFamily.InterNetwork) { return network + "/" + new IPAddress(mask); }
        return prefix == 128 ? network + "-" + network : network + "/" + prefix;
    }
}

public class LabRule
{
    public Dictionary<string, string> Values = new Dictionary<string, string>
    {
        { "LocalPorts", "*" }, { "RemotePorts", "*" }, { "IcmpTypesAndCodes", "*" }, { "LocalAddresses", "*" }, { "RemoteAddresses", "*" }, { "InterfaceTypes", "All" }
    };
    public bool IsStored;

    string Text(string name) { return Values.ContainsKey(name) ? Values[name] : null; }
    string TextOf(string name, int protocol, int other) { return Protocol == protocol || Protocol == other ? Text(name) : null; }
    int Number(string name, int missing) { return Values.ContainsKey(name) ? int.Parse(Values[name]) : missing; }
    void Put(string name, object value)
    {
        Values[name] = Convert.ToString(LabList.Normal(name, value));
        if (IsStored) { LabRules.Write(); }
    }

    public string Name { get { return Text("Name"); } set { Put("Name", value); } }
    public string Grouping { get { return Text("Grouping"); } set { Put("Grouping", value); } }
    public string Description { get { return Text("Description"); } set { Put("Description", value); } }
    public string ApplicationName { get { return Text("ApplicationName"); } set { Put("ApplicationName", value); } }
    public string ServiceName { get { return Text("ServiceName"); } set { Put("ServiceName", value); } }
    public string LocalPorts { get { return TextOf("LocalPorts", 6, 17); } set { Put("LocalPorts", value); } }
    public string RemotePorts { get { return TextOf("RemotePorts", 6, 17); } set { Put("RemotePorts", value); } }
    public string IcmpTypesAndCodes { get { return TextOf("IcmpTypesAndCodes", 1, 58); } set { Put("IcmpTypesAndCodes", value); } }
    public string LocalAddresses { get { return Text("LocalAddresses"); } set { Put("LocalAddresses", value); } }
    public string RemoteAddresses { get { return Text("RemoteAddresses"); } set { Put("RemoteAddresses", value); } }
    public string InterfaceTypes { get { return Text("InterfaceTypes"); } set { Put("InterfaceTypes", value); } }
    public object Interfaces
    {
        get { string text = Text("Interfaces"); return string.IsNullOrEmpty(text) ? null : text.Split('\n'); }
        set { Put("Interfaces", value == null ? "" : string.Join("\n", Array.ConvertAll((object[])value, Convert.ToString))); }
    }
    public int Direction { get { return Number("Direction", 1); } set { Put("Direction", value); } }
    public int Action { get { return Number("Action", 1); } set { Put("Action", value); } }
    public int Protocol { get { return Number("Protocol", 256); } set { Put("Protocol", value); } }
    public int Profiles { get { return Number("Profiles", int.MaxValue); } set { Put("Profiles", value); } }
    public int EdgeTraversalOptions { get { return Number("EdgeTraversalOptions", 0); } set { Put("EdgeTraversalOptions", value); } }
    public int SecureFlags { get { return Number("SecureFlags", 0); } set { Put("SecureFlags", value); } }
    public bool Enabled { get { return Text("Enabled") == "True"; } set { Put("Enabled", value); } }
}

public class LabRules : IEnumerable
{
    static readonly string File = Environment.GetEnvironmentVariable("LAB_RULES");
    static readonly List<LabRule> Stored = Load();

    static List<LabRule> Load()
    {
        List<LabRule> rules = new List<LabRule>();
        foreach (string line in System.IO.File.ReadAllLines(File))
        {
            LabRule rule = new LabRule();
            foreach (string pair in line.Split(' '))
            {
                string[] parts = pair.Split(':');
                rule.Values[parts[0]] = Encoding.UTF8.GetString(Convert.FromBase64String(parts[1]));
            }
            rule.IsStored = true;
            rules.Add(rule);
        }
        return rules;
    }

    static void Save()
    {
        List<string> lines = new List<string>();
        foreach (LabRule rule in Stored)
        {
            List<string> pairs = new List<string>();
            foreach (KeyValuePair<string, string> value in rule.Values)
            {
                pairs.Add(value.Key + ":" + Convert.ToBase64String(Encoding.UTF8.GetBytes(value.Value)));
            }
            lines.Add(string.Join(" ", pairs.ToArray()));
        }
        System.IO.File.WriteAllLines(File, lines.ToArray());
    }

    public void Add(LabRule rule) { rule.IsStored = true; Stored.Add(rule); Write(); }

    public void Remove(string name)
    {
        int index = Stored.FindIndex(rule => rule.Name == name);
        if (index >= 0) { Stored.RemoveAt(index); }
        Write();
    }

    public IEnumerator GetEnumerator()
    {
        Count("enumerations");
        return new List<LabRule>(Stored).GetEnumerator();
    }

    static void Count(string what) { System.IO.File.AppendAllText(Environment.GetEnvironmentVariable("LAB_COUNTS"), what + "\n"); }
    public static void Write() { Save(); Count("writes"); }
}

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
    static readonly string Path = Environment.GetEnvironmentVariable("LAB_TASK");

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
        System.IO.File.WriteAllLines(Path, new string[] { name, made.Triggers.Made.StartBoundary, command, "False" });
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
'@

function New-Object {
    param([string]$TypeName, [string]$ComObject, [object[]]$ArgumentList)
    if ($ComObject -eq 'HNetCfg.FwPolicy2') { return [LabPolicy]::new() }
    if ($ComObject -eq 'HNetCfg.FWRule') { return [LabRule]::new() }
    if ($ComObject -eq 'Schedule.Service') { return [LabScheduler]::new() }
    Microsoft.PowerShell.Utility\New-Object @PSBoundParameters
}

function netsh.exe {
    # advfirewall export FILE, advfirewall import FILE
    $from, $to = if ($args[1] -eq 'export') { $env:LAB_RULES, $args[2] } else { $args[2], $env:LAB_RULES }
    $global:LASTEXITCODE = if ($env:LAB_DISK_FULL) { 1 } else { 0 }
    if ($env:LAB_DISK_FULL) {
        return 'Es steht nicht genug Speicherplatz auf dem Datenträger zur Verfügung.'
    }
    Copy-Item -LiteralPath $from -Destination $to
}
