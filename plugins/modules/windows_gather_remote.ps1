#!powershell

# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..module_utils._Module
#AnsibleRequires -PowerShell ..module_utils._Firewall
#AnsibleRequires -PowerShell ..module_utils._IPsec
#AnsibleRequires -PowerShell ..module_utils._Windows
#AnsibleRequires -PowerShell ..module_utils._Change

$spec = @{ options = @{}; supports_check_mode = $true }
$ErrorActionPreference = 'Stop'
$module = New-LyncModule -Specification $spec -Given $complex_args

$failure = $null
try {
    Assert-LyncOption -Module $module
    $policy = Get-LyncFirewallPolicy
    $module.Result.firewall = Get-LyncFirewallState -Policy $policy -Rule @(Get-LyncFirewallRule -Policy $policy)
    $module.Result.ipsec = Get-LyncIPsecState -Rule (Get-LyncIPsecRule)
    foreach ($part in 'firewall', 'ipsec') {
        $module.Result[$part].counters = @{ enumerations = 1; writes = 0 }
    }
    Write-LyncHostFact -Module $module
} catch {
    $failure = $_
}
Write-LyncResult -Module $module -Failure $failure
