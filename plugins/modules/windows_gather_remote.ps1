#!powershell

# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..module_utils._Module
#AnsibleRequires -PowerShell ..module_utils._Firewall
#AnsibleRequires -PowerShell ..module_utils._IPsec
#AnsibleRequires -PowerShell ..module_utils._Windows
#AnsibleRequires -PowerShell ..module_utils._Change

$spec = @{
    options = @{
        gather_through = @{ type = 'str'; default = 'com'; choices = @('auto', 'registry', 'com', 'both') }
        known_builds = @{ type = 'dict'; default = @{} }
    }
    supports_check_mode = $true
}
$ErrorActionPreference = 'Stop'
$module = New-LyncModule -Specification $spec -Given $complex_args

$failure = $null
try {
    Assert-LyncOption -Module $module
    $policy = Get-LyncFirewallPolicy
    $way = Get-LyncFirewallWay -Through $module.Params.gather_through -Known $module.Params.known_builds
    $read = Read-LyncFirewall -Policy $policy -Way $way
    $module.Result.firewall = $read.State
    $module.Result.firewall.counters = @{ enumerations = $read.Enumerations; writes = 0 }
    # An account that may read the registry alone is told what is there, and that the rest is not known.
    $module.Result.ipsec = try { Get-LyncIPsecState -Rule (Get-LyncIPsecRule) } catch { @{ failed = $true; msg = $_.Exception.Message } }
    $module.Result.ipsec.counters = @{ enumerations = 1; writes = 0 }
    Write-LyncHostFact -Module $module
} catch {
    $failure = $_
}
Write-LyncResult -Module $module -Failure $failure
