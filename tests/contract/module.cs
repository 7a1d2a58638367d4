// Copyright (c) 2026 msuc.lync contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

// As much of Ansible's own class as windows_firewall_host.ps1 asks for, so that it runs where there is no Ansible. C# 5.
using System.Collections;

namespace Ansible.Basic
{
    public class AnsibleModule
    {
        public static AnsibleModule Last;
        public Hashtable Params;
        public Hashtable Result = new Hashtable();
        public bool CheckMode;

        public static AnsibleModule Create(object[] arguments, IDictionary specification)
        {
            IDictionary given = (IDictionary)arguments[0];
            Last = new AnsibleModule { Params = WithDefaults(given, specification), CheckMode = true.Equals(given["_ansible_check_mode"]) };
            return Last;
        }

        static Hashtable WithDefaults(IDictionary given, IDictionary specification)
        {
            Hashtable filled = new Hashtable();
            IDictionary options = (IDictionary)specification["options"];
            foreach (string name in options.Keys)
            {
                IDictionary option = (IDictionary)options[name];
                object value = given.Contains(name) ? given[name] : option["default"];
                filled[name] = option.Contains("options") ? Each((IEnumerable)value, option) : value;
            }
            return filled;
        }

        static object[] Each(IEnumerable values, IDictionary specification)
        {
            ArrayList filled = new ArrayList();
            foreach (object value in values) { filled.Add(WithDefaults((IDictionary)value, specification)); }
            return filled.ToArray();
        }

        public void ExitJson() { }

        public void FailJson(string message, object record)
        {
            Result["failed"] = true;
            Result["msg"] = message;
        }
    }
}
