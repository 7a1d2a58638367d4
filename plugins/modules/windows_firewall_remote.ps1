#!powershell

# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..module_utils._Module
#AnsibleRequires -PowerShell ..module_utils._Firewall
#AnsibleRequires -PowerShell ..module_utils._Windows
#AnsibleRequires -PowerShell ..module_utils._Snapshot
#AnsibleRequires -PowerShell ..module_utils._Change

$spec = @{
    options = @{
        operation = @{ type = 'str'; required = $true; choices = @('gather', 'apply', 'confirm', 'revert', 'snapshots', 'read', 'restore') }
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
        fingerprint = @{ type = 'str'; default = '' }
        snapshot_dir = @{ type = 'str'; default = '%SystemRoot%\msuc.lync\snapshots' }
        snapshot_keep = @{ type = 'int'; default = 10 }
        snapshot = @{ type = 'bool'; default = $true }
        confirm_minutes = @{ type = 'int'; default = 0 }
        path = @{ type = 'str'; default = '' }
    }
    supports_check_mode = $true
}
$ErrorActionPreference = 'Stop'
$module = New-LyncModule -Specification $spec -Given $complex_args

$counters = @{ enumerations = 0; writes = 0 }
$module.Result.counters = $counters
$module.Result.done = 0
# Bytes: a host with 7,000 rules exports about 8 MB.
$contentLimit = 16MB
$snapshotDir = [System.Environment]::ExpandEnvironmentVariables($module.Params.snapshot_dir)

function Read-Store {
    # One enumeration of the store, each rule with its line: what tells whether it is another one than was gathered.
    param($Policy)
    $counters.enumerations++
    Get-LyncFirewallRule -Policy $Policy
}

function Get-Queue {
    # Rules by their line; unlike @{} this tells upper from lower case.
    param($Store)
    $waiting = New-Object -TypeName System.Collections.Hashtable
    foreach ($present in $Store) {
        # As it was told: an operation has the rule as the answer had it.
        $line = ConvertTo-LyncWholeText -Text $present.Line
        if (-not $waiting.ContainsKey($line)) {
            $waiting[$line] = New-Object -TypeName System.Collections.Queue
        }
        $waiting[$line].Enqueue($present)
    }
    $waiting
}

function Find-Rule {
    # The first rule of that content which no earlier operation has taken.
    param($Waiting, $Operation)
    $same = $Waiting[(ConvertTo-LyncLine -Value $Operation.rule)]
    if ($null -eq $same -or $same.Count -eq 0) {
        throw "rule '$($Operation.name)' is not on the host as it was gathered: something else has changed it meanwhile"
    }
    $same.Dequeue()
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

function Assert-Unchanged {
    # What was planned holds only for the firewall that was gathered, and not while another change waits to be confirmed.
    param($Policy, $Store)
    Assert-LyncNoRevert
    if ($module.Params.fingerprint) {
        $now = Get-LyncFirewallState -Policy $Policy -Rule $Store
        if ($now.fingerprint -cne $module.Params.fingerprint) {
            throw 'the firewall is not as it was gathered: something else has changed it meanwhile; nothing was written, run again'
        }
    }
}

function Invoke-Apply {
    # All operations in their order; every rule is located before the first write.
    param($Policy)
    $store = @(Read-Store -Policy $Policy)
    Assert-Unchanged -Policy $Policy -Store $store
    $nameCount = New-Object -TypeName System.Collections.Hashtable -ArgumentList ([System.StringComparer]::OrdinalIgnoreCase)
    foreach ($present in $store) {
        $nameCount[$present.Value.Name] = 1 + $nameCount[$present.Value.Name]
    }
    $waiting = Get-Queue -Store $store
    $targets = foreach ($operation in $module.Params.operations) {
        if ($operation.kind -eq 'add') { @{} } else { Find-Rule -Waiting $waiting -Operation $operation }
    }
    $targets = @($targets)
    if ($module.CheckMode) {
        return
    }
    Save-LyncPolicy -Module $module -Directory $snapshotDir
    for ($index = 0; $index -lt $targets.Count; $index++) {
        $operation = $module.Params.operations[$index]
        try {
            Invoke-Operation -Policy $Policy -Operation $operation -Target $targets[$index] -NameCount $nameCount
        } catch {
            throw "rule '$($operation.name)': $($_.Exception.Message)"
        }
        $module.Result.done = $index + 1
    }
}

function Write-Answer {
    # What the host has now.
    param($Policy)
    $state = Get-LyncFirewallState -Policy $Policy -Rule @(Read-Store -Policy $Policy)
    foreach ($name in $state.Keys) {
        $module.Result[$name] = $state[$name]
    }
    Write-LyncHostFact -Module $module
    $module.Result.changed = $counters.writes -gt 0
}

function Find-Snapshot {
    # The path of the snapshot that is asked for.
    $path = $module.Params.path
    if ($path -eq 'newest') {
        $path = Get-LyncSnapshot -Directory $snapshotDir | Select-Object -First 1 | ForEach-Object { $_.path }
    }
    if (-not $path -or -not (Test-LyncSnapshot -Path $path)) {
        throw "there is no snapshot $path in $snapshotDir"
    }
    $path
}

function Read-Snapshot {
    # A snapshot as it is, for the controller to read.
    $module.Result.path = Find-Snapshot
    $module.Result.content = Read-LyncSnapshot -Path $module.Result.path -Limit $contentLimit
}

function Restore-Firewall {
    # The policy as it was when a snapshot was taken; what is there now becomes a snapshot first.
    $path = Find-Snapshot
    if (-not $module.CheckMode) {
        $module.Result.snapshot = Export-LyncSnapshot -Directory $snapshotDir -Keep ([int]::MaxValue)
        Import-LyncSnapshot -Path $path
        Unregister-LyncRevert
    }
    $module.Result.restored = $path
    $module.Result.changed = $true
}

function Invoke-Change {
    # Gathers, or applies and gathers.
    $policy = Get-LyncFirewallPolicy
    $apply = if ($module.Params.operation -eq 'apply') { { Invoke-Apply -Policy $policy } }
    Invoke-LyncChange -Apply $apply -Answer { Write-Answer -Policy $policy }
}

$failure = $null
try {
    Assert-LyncOption -Module $module
    $failure = switch ($module.Params.operation) {
        'confirm' { Invoke-LyncLocked -Do { Confirm-LyncChange -Module $module } }
        'revert' { Invoke-LyncLocked -Do { Undo-LyncChange -Module $module } }
        'snapshots' { $module.Result.snapshots = @(Get-LyncSnapshot -Directory $snapshotDir) }
        'read' { Read-Snapshot }
        'restore' { Invoke-LyncLocked -Do { Restore-Firewall } }
        default { Invoke-Change }
    }
} catch {
    $failure = $_
}
Write-LyncResult -Module $module -Failure $failure
