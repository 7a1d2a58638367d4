#!powershell

# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..module_utils._Module
#AnsibleRequires -PowerShell ..module_utils._IPsec
#AnsibleRequires -PowerShell ..module_utils._Windows
#AnsibleRequires -PowerShell ..module_utils._Snapshot
#AnsibleRequires -PowerShell ..module_utils._Change

$spec = @{
    options = @{
        operation = @{ type = 'str'; required = $true; choices = @('gather', 'apply', 'confirm', 'revert') }
        engine = @{ type = 'str'; default = 'auto'; choices = @('auto', 'cim', 'netsh') }
        policy_store = @{ type = 'str'; default = '' }
        operations = @{
            type = 'list'
            elements = 'dict'
            default = @()
            options = @{
                kind = @{ type = 'str'; required = $true; choices = @('add', 'change', 'remove') }
                id = @{ type = 'str'; required = $true }
                name = @{ type = 'str'; required = $true }
                arguments = @{ type = 'dict'; default = @{} }
            }
        }
        script = @{ type = 'str'; default = '' }
        fingerprint = @{ type = 'str'; default = '' }
        snapshot_dir = @{ type = 'str'; default = '%SystemRoot%\msuc.lync\snapshots' }
        snapshot_keep = @{ type = 'int'; default = 10 }
        snapshot = @{ type = 'bool'; default = $true }
        confirm_minutes = @{ type = 'int'; default = 0 }
    }
    supports_check_mode = $true
}
$ErrorActionPreference = 'Stop'
$module = New-LyncModule -Specification $spec -Given $complex_args

$counters = @{ enumerations = 0; writes = 0 }
$module.Result.counters = $counters
$module.Result.done = 0
$snapshotDir = [System.Environment]::ExpandEnvironmentVariables($module.Params.snapshot_dir)
# The rules before a script of netsh, which does not tell what it did.
$script:before = $null

function Get-Engine {
    # What writes.
    $engines = @(Get-LyncIPsecEngine)
    $engine = if ($module.Params.engine -eq 'auto') { $engines[0] } else { $module.Params.engine }
    if ($engines -notcontains $engine) {
        throw 'this Windows has no module NetSecurity: the engine cim and Group Policy objects need it'
    }
    $engine
}

function Get-Rule {
    # One enumeration of the store: the host's own, or that of a Group Policy object.
    if (-not $module.Params.policy_store) {
        $counters.enumerations++
        return Get-LyncIPsecRule
    }
    $null = Get-Engine
    $session = Open-LyncIPsecStore -Name $module.Params.policy_store
    $counters.enumerations++
    Get-LyncIPsecStoreRule -Session $session
}

function Assert-AsGathered {
    # What was planned holds only for the rules that were gathered.
    param($Rule)
    Assert-LyncNoRevert
    if ($module.Params.fingerprint -and (Get-LyncIPsecState -Rule $Rule).fingerprint -cne $module.Params.fingerprint) {
        throw 'the connection security rules are not as they were gathered: something else has changed them meanwhile; nothing was written, run again'
    }
    foreach ($operation in $module.Params.operations) {
        if ($operation.kind -ne 'add' -and -not $Rule.ContainsKey($operation.id)) {
            throw "rule '$($operation.name)' is not on the host as it was gathered: something else has changed it meanwhile"
        }
    }
}

function Invoke-Store {
    # All operations in one session of a Group Policy object, which is saved once: nothing is written before that.
    $session = Open-LyncIPsecStore -Name $module.Params.policy_store
    foreach ($operation in $module.Params.operations) {
        Invoke-LyncIPsecOperation -Kind $operation.kind -Id $operation.id -Argument $operation.arguments -Session $session
    }
    Save-LyncIPsecStore -Session $session
    $counters.writes++
    $module.Result.done = $module.Params.operations.Count
}

function Invoke-Operation {
    # All operations in their order; every write is counted.
    foreach ($operation in $module.Params.operations) {
        Invoke-LyncIPsecOperation -Kind $operation.kind -Id $operation.id -Argument $operation.arguments
        $counters.writes++
        $module.Result.done++
    }
}

function Invoke-Apply {
    # Every rule is located, and the way back prepared, before the first write.
    $engine = Get-Engine
    $rule = Get-Rule
    if ($module.Params.policy_store -and $engine -ne 'cim') {
        throw 'a Group Policy object is written with the engine cim only'
    }
    Assert-AsGathered -Rule $rule
    if ($module.CheckMode) {
        return
    }
    if ($module.Params.policy_store) {
        return Invoke-Store
    }
    Save-LyncPolicy -Module $module -Directory $snapshotDir
    if ($engine -eq 'cim') {
        return Invoke-Operation
    }
    $script:before = $rule
    Invoke-LyncIPsecScript -Text $module.Params.script -Directory ([System.IO.Path]::GetTempPath())
    $module.Result.done = $module.Params.operations.Count
}

function Write-Answer {
    # What the host has now. What a script did is what differs after it.
    $rule = Get-Rule
    if ($null -ne $script:before) {
        $ids = @($script:before.Keys) + @($rule.Keys) | Sort-Object -Unique
        $counters.writes = @($ids | Where-Object { $script:before[$_] -cne $rule[$_] }).Count
    }
    $state = Get-LyncIPsecState -Rule $rule
    foreach ($name in $state.Keys) {
        $module.Result[$name] = $state[$name]
    }
    Write-LyncHostFact -Module $module
    $module.Result.changed = $counters.writes -gt 0
}

$failure = $null
try {
    Assert-LyncOption -Module $module
    $failure = switch ($module.Params.operation) {
        'confirm' { Invoke-LyncLocked -Do { Confirm-LyncChange -Module $module } }
        'revert' { Invoke-LyncLocked -Do { Undo-LyncChange -Module $module } }
        'gather' { Invoke-LyncChange -Answer { Write-Answer } }
        'apply' { Invoke-LyncChange -Apply { Invoke-Apply } -Answer { Write-Answer } }
    }
} catch {
    $failure = $_
}
Write-LyncResult -Module $module -Failure $failure
