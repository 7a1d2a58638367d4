#!powershell

# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._Firewall

$spec = @{
    options = @{
        operation = @{ type = 'str'; required = $true; choices = @('gather', 'apply') }
        operations = @{
            type = 'list'
            elements = 'dict'
            default = @()
            options = @{
                kind = @{ type = 'str'; required = $true; choices = @('add', 'change', 'remove') }
                name = @{ type = 'str'; required = $true }
                rule = @{ type = 'dict'; default = @{} }
                puts = @{
                    type = 'list'
                    elements = 'dict'
                    default = @()
                    options = @{
                        property = @{ type = 'str'; required = $true }
                        value = @{ type = 'raw'; required = $true }
                    }
                }
            }
        }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$ErrorActionPreference = 'Stop'

$counters = @{ enumerations = 0; writes = 0 }
$module.Result.counters = $counters
$module.Result.done = 0

function Get-Rule {
    # One enumeration of the store.
    param($Policy)
    $counters.enumerations++
    Get-LyncFirewallRule -Policy $Policy
}

function Test-SameValue {
    # Whether two values of a property are the same, letter by letter.
    param($One, $Other)
    (@($One) -join "`n") -ceq (@($Other) -join "`n")
}

function Test-SameRule {
    # Whether a rule has exactly the properties that were gathered.
    param($Value, $Gathered)
    if ($Value.Count -ne $Gathered.Count) {
        return $false
    }
    foreach ($property in $Gathered.Keys) {
        if (-not $Value.ContainsKey($property) -or -not (Test-SameValue -One $Value[$property] -Other $Gathered[$property])) {
            return $false
        }
    }
    return $true
}

function Find-Rule {
    # The first rule of that content which no earlier operation has taken.
    param($Store, $Operation)
    foreach ($candidate in $Store) {
        $isNamed = -not $candidate.Taken -and $candidate.Value.Name -ceq $Operation.rule.Name
        if ($isNamed -and (Test-SameRule -Value $candidate.Value -Gathered $Operation.rule)) {
            $candidate.Taken = $true
            return $candidate
        }
    }
    throw "rule '$($Operation.name)' is not on the host as it was gathered: something else has changed it meanwhile"
}

function Invoke-Operation {
    # One operation; every write is counted.
    param($Policy, $Operation, $Target, $NameCount)
    if ($Operation.kind -eq 'add') {
        Add-LyncFirewallRule -Policy $Policy -Put $Operation.puts
        $counters.writes++
        $NameCount[$Operation.name] = 1 + $NameCount[$Operation.name]
        return
    }
    if ($Operation.kind -eq 'change') {
        foreach ($put in $Operation.puts) {
            Set-LyncFirewallRuleProperty -Rule $Target.Com -Property $put.property -Value $put.value
            $counters.writes++
        }
        return
    }
    $name = $Operation.name
    if ($NameCount[$name] -gt 1) {
        $name = [guid]::NewGuid().ToString()
        Set-LyncFirewallRuleProperty -Rule $Target.Com -Property Name -Value $name
        $counters.writes++
    }
    Remove-LyncFirewallRule -Policy $Policy -Name $name
    $counters.writes++
    $NameCount[$Operation.name]--
}

function Invoke-Apply {
    # All operations in their order; every rule is located before the first write.
    param($Policy)
    $store = @(Get-Rule -Policy $Policy)
    $nameCount = New-Object -TypeName System.Collections.Hashtable -ArgumentList ([System.StringComparer]::OrdinalIgnoreCase)
    foreach ($present in $store) {
        $nameCount[$present.Value.Name] = 1 + $nameCount[$present.Value.Name]
    }
    $targets = foreach ($operation in $module.Params.operations) {
        if ($operation.kind -eq 'add') { @{} } else { Find-Rule -Store $store -Operation $operation }
    }
    $targets = @($targets)
    if ($module.CheckMode) {
        return
    }
    for ($index = 0; $index -lt $targets.Count; $index++) {
        Invoke-Operation -Policy $Policy -Operation $module.Params.operations[$index] -Target $targets[$index] -NameCount $nameCount
        $module.Result.done = $index + 1
    }
}

function Write-Answer {
    # What the host has now.
    param($Policy)
    $module.Result.rules = @(Get-Rule -Policy $Policy | ForEach-Object { $_.Value })
    $module.Result.profiles = Get-LyncFirewallProfile -Policy $Policy
    $module.Result.addresses = @(Get-LyncHostAddress)
    $module.Result.environment = Get-LyncPathVariable
    $module.Result.changed = $counters.writes -gt 0
}

$failure = $null
try {
    $policy = Get-LyncFirewallPolicy
    if ($module.Params.operation -eq 'apply') {
        try {
            Invoke-Apply -Policy $policy
        } catch {
            $failure = $_
        }
    }
    Write-Answer -Policy $policy
} catch {
    # What stopped the changes matters more than why the host could not be read again.
    if ($null -eq $failure) {
        $failure = $_
    }
}
if ($null -ne $failure) {
    $module.FailJson($failure.Exception.Message, $failure)
}
$module.ExitJson()
