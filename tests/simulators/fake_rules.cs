// Copyright (c) 2026 msuc.lync contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

// Appended by fake_com.ps1 to its own classes: INetFwRule and INetFwRules over the text file LAB_RULES, one rule a line, its
// properties as name:base64, separated by blanks. They refuse and normalise as firewall_store.py and windows_rules.py do,
// and tests/contract holds both to the same scenarios. LAB_FLIPPED names switches of the simulator that are the other way
// round: removes_last, ipv6_as_range, ipv6_multicast.

public class LabRefusal : System.Runtime.InteropServices.COMException
{
    public LabRefusal(string text, uint code) : base(text + " (0x" + code.ToString("X8") + ")", unchecked((int)code)) { }
    public static LabRefusal Parameter(string text) { return new LabRefusal("The parameter is incorrect: " + text, 0x80070057); }
}

public class LabRule
{
    static readonly string[] Texts = {
        "Name", "Grouping", "Description", "ApplicationName", "ServiceName", "LocalPorts", "RemotePorts", "IcmpTypesAndCodes",
        "LocalAddresses", "RemoteAddresses", "InterfaceTypes", "Interfaces"
    };
    public Dictionary<string, object> Values = new Dictionary<string, object> {
        { "Name", null }, { "Grouping", null }, { "Description", null }, { "Direction", 1 }, { "Action", 1 }, { "Protocol", 256 },
        { "ApplicationName", null }, { "ServiceName", null }, { "LocalPorts", "*" }, { "RemotePorts", "*" }, { "IcmpTypesAndCodes", "*" },
        { "LocalAddresses", "*" }, { "RemoteAddresses", "*" }, { "Profiles", int.MaxValue }, { "Interfaces", null }, { "InterfaceTypes", "All" },
        { "EdgeTraversalOptions", 0 }, { "SecureFlags", 0 }, { "Enabled", false }
    };
    public bool IsStored;

    public static LabRule Load(string line)
    {
        LabRule rule = new LabRule { IsStored = true };
        foreach (string pair in line.Split(' '))
        {
            string[] parts = pair.Split(':');
            string text = Encoding.UTF8.GetString(Convert.FromBase64String(parts[1]));
            bool isText = Array.IndexOf(Texts, parts[0]) >= 0;
            rule.Values[parts[0]] = isText ? text : parts[0] == "Enabled" ? (object)(text == "True") : int.Parse(text);
        }
        return rule;
    }

    public string Line()
    {
        List<string> pairs = new List<string>();
        foreach (string name in Values.Keys)
        {
            object shown = Shown(name);
            if (shown != null) { pairs.Add(name + ":" + Convert.ToBase64String(Encoding.UTF8.GetBytes(Convert.ToString(shown)))); }
        }
        return string.Join(" ", pairs.ToArray());
    }

    // Ports and ICMP types are null where the protocol has none.
    object Shown(string name)
    {
        if (name.EndsWith("Ports") && (int)Values["Protocol"] != 6 && (int)Values["Protocol"] != 17) { return null; }
        return name == "IcmpTypesAndCodes" && (int)Values["Protocol"] != 1 && (int)Values["Protocol"] != 58 ? null : Values[name];
    }

    string Text(string name) { LabBroken.Read(name); return (string)Shown(name); }
    int Number(string name) { LabBroken.Read(name); return (int)Values[name]; }

    // SAFEARRAY of VARIANT, each a VT_BSTR, as the Windows Installer XML toolset builds it (src/ext/Firewall/ca/firewall.cpp); anything else is
    // a type that does not fit. LAB_FLIPPED takes_any_element: it is made text.
    static string Joined(object value)
    {
        object[] items = value as object[];
        if (value != null && items == null) { throw new LabRefusal("Type mismatch: Interfaces is no array", 0x80020005); }
        foreach (object item in items ?? new object[0])
        {
            if (!(item is string) && !LabRules.IsFlipped("takes_any_element"))
            {
                throw new LabRefusal("Type mismatch: an element of Interfaces is no text", 0x80020005);
            }
        }
        return string.Join("\n", Array.ConvertAll(items ?? new object[0], Convert.ToString));
    }

    // A put on a rule of the store is checked with the whole rule and in force at once; ports are checked at the put itself.
    void Put(string name, object value)
    {
        LabBroken.Known(name);
        bool isFree = value as string == "" || value as string == "*";
        if (name.EndsWith("Ports") && !isFree && (int)Values["Protocol"] != 6 && (int)Values["Protocol"] != 17) { throw LabRefusal.Parameter("ports before the protocol"); }
        Dictionary<string, object> changed = new Dictionary<string, object>(Values);
        changed[name] = LabNormal.Value(name, value);
        if (!IsStored) { Values = changed; return; }
        LabCheck.All(changed);
        LabRules.Commit(delegate { Values = changed; });
    }

    public string Name { get { return Text("Name"); } set { Put("Name", value); } }
    public string Grouping { get { return Text("Grouping"); } set { Put("Grouping", value); } }
    public string Description { get { return Text("Description"); } set { Put("Description", value); } }
    public string ApplicationName { get { return Text("ApplicationName"); } set { Put("ApplicationName", value); } }
    public string ServiceName { get { return Text("ServiceName"); } set { Put("ServiceName", value); } }
    public string LocalPorts { get { return Text("LocalPorts"); } set { Put("LocalPorts", value); } }
    public string RemotePorts { get { return Text("RemotePorts"); } set { Put("RemotePorts", value); } }
    public string IcmpTypesAndCodes { get { return Text("IcmpTypesAndCodes"); } set { Put("IcmpTypesAndCodes", value); } }
    public string LocalAddresses { get { return Text("LocalAddresses"); } set { Put("LocalAddresses", value); } }
    public string RemoteAddresses { get { return Text("RemoteAddresses"); } set { Put("RemoteAddresses", value); } }
    public string InterfaceTypes { get { return Text("InterfaceTypes"); } set { Put("InterfaceTypes", value); } }
    public object Interfaces
    {
        get { string text = Text("Interfaces"); return string.IsNullOrEmpty(text) ? null : text.Split('\n'); }
        set { Put("Interfaces", Joined(value)); }
    }
    public int Direction { get { return Number("Direction"); } set { Put("Direction", value); } }
    public int Action { get { return Number("Action"); } set { Put("Action", value); } }
    public int Protocol { get { return Number("Protocol"); } set { Put("Protocol", value); } }
    public int Profiles { get { return Number("Profiles"); } set { Put("Profiles", value); } }
    public int EdgeTraversalOptions { get { return Number("EdgeTraversalOptions"); } set { Put("EdgeTraversalOptions", value); } }
    public int SecureFlags { get { return Number("SecureFlags"); } set { Put("SecureFlags", value); } }
    public bool Enabled { get { LabBroken.Read("Enabled"); return (bool)Values["Enabled"]; } set { Put("Enabled", value); } }
}

public class LabRules : IEnumerable
{
    // What was done, counted here and not by who did it; and what fails, until it is set otherwise.
    public static int Enumerations, Writes, ErrorAtWrite;
    public static bool IsDenied;
    static List<LabRule> Stored = Load();

    static string Path { get { return Environment.GetEnvironmentVariable("LAB_RULES"); } }
    public static bool IsFlipped(string name) { return ("," + Environment.GetEnvironmentVariable("LAB_FLIPPED") + ",").Contains("," + name + ","); }

    static List<LabRule> Load() { return new List<string>(System.IO.File.ReadAllLines(Path)).ConvertAll(LabRule.Load); }

    static void Tell(string what) { System.IO.File.AppendAllText(Environment.GetEnvironmentVariable("LAB_COUNTS"), what + "\n"); }

    // netsh import replaced the file.
    public static void Reload() { Stored = Load(); }

    public static void Commit(System.Action write)
    {
        if (IsDenied) { throw new LabRefusal("Access is denied.", 0x80070005); }
        if (ErrorAtWrite == Writes + 1) { throw new LabRefusal("Unspecified error", 0x80004005); }
        write();
        Writes++;
        Tell("writes");
        System.IO.File.WriteAllLines(Path, Stored.ConvertAll(rule => rule.Line()).ToArray());
    }

    public void Add(LabRule rule)
    {
        LabCheck.All(rule.Values);
        Commit(delegate { rule.IsStored = true; Stored.Add(rule); });
    }

    public void Remove(string name)
    {
        int index = IsFlipped("removes_last") ? Stored.FindLastIndex(rule => rule.Name == name) : Stored.FindIndex(rule => rule.Name == name);
        Commit(delegate { if (index >= 0) { Stored.RemoveAt(index); } });
    }

    // Of several namesakes any one, here the one that Remove would take.
    public LabRule Item(string name)
    {
        LabRule found = IsFlipped("removes_last") ? Stored.FindLast(rule => rule.Name == name) : Stored.Find(rule => rule.Name == name);
        if (found == null) { throw new LabRefusal("The system cannot find the file specified.", 0x80070002); }
        return found;
    }

    public int Count { get { return Stored.Count; } }

    public IEnumerator GetEnumerator()
    {
        Enumerations++;
        Tell("enumerations");
        Tell("com_enumerations");
        return new List<LabRule>(Stored).GetEnumerator();
    }
}

// The forms in which Windows reads values back.
public static class LabNormal
{
    static readonly string[] AddressWords = {
        "LocalSubnet", "DNS", "DHCP", "WINS", "DefaultGateway", "Intranet", "Internet", "Ply2Renders", "RmtIntranet", "CaptivePortal"
    };
    static readonly string[] PortWords = { "RPC", "RPC-EPMap", "IPHTTPS", "Teredo", "Ply2Disc" };
    static readonly string[] InterfaceTypes = { "Lan", "Wireless", "RemoteAccess" };

    public static object Value(string name, object value)
    {
        switch (name)
        {
            case "ApplicationName": return string.IsNullOrEmpty((string)value) ? null : Environment.ExpandEnvironmentVariables((string)value);
            case "LocalAddresses": return Addresses((string)value, true);
            case "RemoteAddresses": return Addresses((string)value, false);
            case "LocalPorts": return Ports((string)value, false);
            case "RemotePorts": return Ports((string)value, true);
            case "IcmpTypesAndCodes": return string.IsNullOrEmpty((string)value) ? "*" : value;
            case "Interfaces": return string.IsNullOrEmpty((string)value) ? null : value;
            case "InterfaceTypes": return Types((string)value);
            default: return value;
        }
    }

    public static List<string> Tokens(object text)
    {
        List<string> tokens = new List<string>();
        foreach (string part in ((string)text ?? "").Split(','))
        {
            if (part.Trim() != "") { tokens.Add(part.Trim()); }
        }
        return tokens;
    }

    static bool IsFree(List<string> tokens) { return tokens.Count == 0 || (tokens.Count == 1 && tokens[0] == "*"); }

    // Takes the keywords out of the tokens and returns them in the order of their bits.
    static List<string> Words(List<string> tokens, string[] words)
    {
        List<string> found = new List<string>();
        foreach (string word in words)
        {
            if (tokens.RemoveAll(token => token.Equals(word, StringComparison.OrdinalIgnoreCase)) > 0) { found.Add(word); }
        }
        return found;
    }

    static string Addresses(string text, bool isLocal)
    {
        List<string> tokens = Tokens(text);
        if (IsFree(tokens)) { return "*"; }
        List<string> all = Words(tokens, AddressWords);
        if (all.Count > 0 && isLocal) { throw LabRefusal.Parameter("keywords in local addresses"); }
        // IPv4 subnets, IPv4 ranges, IPv6 subnets, IPv6 ranges
        List<string>[] kinds = { new List<string>(), new List<string>(), new List<string>(), new List<string>() };
        foreach (string token in tokens)
        {
            string shown = token.Contains("-") ? Range(token) : Network(token);
            kinds[(shown.Contains(":") ? 2 : 0) + (shown.Contains("-") ? 1 : 0)].Add(shown);
        }
        foreach (List<string> kind in kinds)
        {
            if (kind.Count > 1000) { throw LabRefusal.Parameter("a list has more than 1000 entries"); }
            all.AddRange(kind);
        }
        return string.Join(",", all.ToArray());
    }

    static byte[] Address(string text)
    {
        System.Net.IPAddress address;
        bool isWhole = text.Contains(":") || System.Text.RegularExpressions.Regex.IsMatch(text, @"^((0|[1-9][0-9]{0,2})(\.|$)){4}$(?<!\.)");
        if (!isWhole || !System.Net.IPAddress.TryParse(text, out address)) { throw LabRefusal.Parameter("address " + text); }
        return address.GetAddressBytes();
    }

    static string Show(byte[] address) { return new System.Net.IPAddress(address).ToString(); }

    static int Compare(byte[] one, byte[] other)
    {
        int index = 0;
        while (index < one.Length - 1 && one[index] == other[index]) { index++; }
        return one[index].CompareTo(other[index]);
    }

    static void Refuse(byte[] address, bool isSingle)
    {
        string text = Show(address);
        // Multicast: see windows_rules.py.
        bool isMulticast = address.Length == 16 && address[0] == 255 && !LabRules.IsFlipped("ipv6_multicast");
        if (isMulticast || text == "::1" || (isSingle && (text == "0.0.0.0" || text == "::")))
        {
            throw LabRefusal.Parameter("address " + text);
        }
    }

    static string Range(string token)
    {
        string[] ends = token.Split(new[] { '-' }, 2);
        byte[] first = Address(ends[0]), last = Address(ends[1]);
        if (first.Length != last.Length || Compare(first, last) > 0) { throw LabRefusal.Parameter("address range " + token); }
        Refuse(first, true);
        return Show(first) + "-" + Show(last);
    }

    static string Network(string token)
    {
        string[] parts = token.Split(new[] { '/' }, 2);
        byte[] address = Address(parts[0]);
        int bits = address.Length * 8;
        int length = parts.Length == 1 ? bits : Prefix(parts[1], bits);
        if (length < 1 || length > bits) { throw LabRefusal.Parameter("address " + token); }
        byte[] mask = Mask(length, address.Length);
        for (int index = 0; index < address.Length; index++) { address[index] &= mask[index]; }
        Refuse(address, length == bits);
        if (bits == 32) { return Show(address) + "/" + Show(mask); }
        bool isRange = length == 128 && !LabRules.IsFlipped("ipv6_as_range");
        return Show(address) + (isRange ? "-" + Show(address) : "/" + length);
    }

    static byte[] Mask(int length, int size)
    {
        byte[] mask = new byte[size];
        for (int bit = 0; bit < length; bit++) { mask[bit / 8] |= (byte)(128 >> bit % 8); }
        return mask;
    }

    // The length of a prefix that is given as a number or, for IPv4, as a mask without holes; -1 for neither.
    static int Prefix(string text, int bits)
    {
        int length;
        if (int.TryParse(text, out length)) { return length; }
        string mask = bits == 32 ? Show(Address(text)) : text;
        for (length = 1; length <= bits; length++)
        {
            if (bits == 32 && Show(Mask(length, 4)) == mask) { return length; }
        }
        return -1;
    }

    static string Ports(string text, bool isRemote)
    {
        List<string> tokens = Tokens(text);
        if (IsFree(tokens)) { return "*"; }
        List<string> all = Words(tokens, PortWords);
        bool isWrong = isRemote && all.Count > 0 && string.Join(",", all.ToArray()) != "IPHTTPS";
        if (isWrong || tokens.Count > 1000 || !tokens.TrueForAll(IsPort)) { throw LabRefusal.Parameter("ports " + text); }
        all.AddRange(tokens);
        return string.Join(",", all.ToArray());
    }

    static bool IsPort(string token)
    {
        var match = System.Text.RegularExpressions.Regex.Match(token, "^([0-9]{1,5})(?:-([0-9]{1,5}))?$");
        if (!match.Success) { return false; }
        int first = int.Parse(match.Groups[1].Value);
        int last = match.Groups[2].Success ? int.Parse(match.Groups[2].Value) : first;
        return 1 <= first && first <= last && last <= 65535;
    }

    static string Types(string text)
    {
        List<string> tokens = Tokens(text);
        List<string> known = Words(tokens, InterfaceTypes);
        if (tokens.Count > 0 && !(tokens.Count == 1 && tokens[0] == "All")) { throw LabRefusal.Parameter("interface types " + text); }
        return known.Count > 0 && tokens.Count == 0 ? string.Join(",", known.ToArray()) : "All";
    }
}

// The checks of the firewall service over a whole rule.
public static class LabCheck
{
    public static void All(Dictionary<string, object> rule)
    {
        Names(rule);
        Protocols(rule);
        Limits(rule);
        string name = (string)rule["Name"];
        if (string.IsNullOrEmpty(name) || name.Equals("all", StringComparison.OrdinalIgnoreCase)) { throw LabRefusal.Parameter("name"); }
    }

    static void Names(Dictionary<string, object> rule)
    {
        foreach (string name in new[] { "Name", "Description", "Grouping" }) { Text(rule[name], 9999, "|", name); }
        Text(rule["ApplicationName"], 259, "/*?\"<>|", "program");
        Text(rule["ServiceName"], 259, "/\\|", "service");
    }

    static void Text(object value, int limit, string forbidden, string what)
    {
        string text = (string)value ?? "";
        if (text.Length > limit || text.IndexOfAny(forbidden.ToCharArray()) >= 0) { throw LabRefusal.Parameter(what); }
    }

    static void Protocols(Dictionary<string, object> rule)
    {
        int protocol = (int)rule["Protocol"];
        bool isIn = (int)rule["Direction"] == 1;
        string local = (string)rule["LocalPorts"], remote = (string)rule["RemotePorts"];
        bool hasPorts = protocol == 6 || protocol == 17, hasIcmp = protocol == 1 || protocol == 58;
        if (protocol < 0 || protocol > 256) { throw LabRefusal.Parameter("protocol"); }
        if ((!hasPorts && (local != "*" || remote != "*")) || (!hasIcmp && (string)rule["IcmpTypesAndCodes"] != "*"))
        {
            throw LabRefusal.Parameter("protocol and protocol-dependent fields do not match");
        }
        bool isWrong = (HasAny(local, "RPC", "RPC-EPMap", "IPHTTPS") && !(protocol == 6 && isIn))
            || (HasAny(local, "Teredo", "Ply2Disc") && !(protocol == 17 && isIn)) || (HasAny(remote, "IPHTTPS") && (protocol != 6 || isIn));
        if (isWrong) { throw LabRefusal.Parameter("port keyword"); }
    }

    static bool HasAny(string ports, params string[] words) { return LabNormal.Tokens(ports).Exists(token => Array.IndexOf(words, token) >= 0); }

    static void Limits(Dictionary<string, object> rule)
    {
        string interfaces = (string)rule["Interfaces"] ?? "";
        if (LabNormal.Tokens(rule["IcmpTypesAndCodes"]).Count > 1000 || interfaces.Split('\n').Length > 1000)
        {
            throw LabRefusal.Parameter("a list has more than 1000 entries");
        }
        int edge = (int)rule["EdgeTraversalOptions"];
        bool isLimited = string.IsNullOrEmpty((string)rule["ApplicationName"]) || (int)rule["Protocol"] == 256
            || (string)rule["LocalPorts"] != "*" || (string)rule["RemotePorts"] != "*";
        if (edge == 3 && isLimited) { throw LabRefusal.Parameter("edge traversal deferred to the user"); }
        if (edge != 0 && (int)rule["Direction"] != 1) { throw LabRefusal.Parameter("edge traversal of an outbound rule"); }
        if ((int)rule["SecureFlags"] != 0 && (int)rule["Action"] == 0) { throw LabRefusal.Parameter("authentication with a block"); }
    }
}
