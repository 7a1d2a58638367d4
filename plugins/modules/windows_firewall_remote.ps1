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
        gather_through = @{ type = 'str'; default = 'com'; choices = @('auto', 'registry', 'com', 'both') }
        known_builds = @{ type = 'dict'; default = @{} }
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

function Find-EachByName {
    # The rules of all operations by their names, without an enumeration; nothing unless each is there as it was gathered, and once.
    param($Policy)
    $seen = New-Object -TypeName System.Collections.Hashtable -ArgumentList ([System.StringComparer]::OrdinalIgnoreCase)
    foreach ($operation in $module.Params.operations) {
        if ($operation.kind -eq 'add') {
            @{}
            continue
        }
        $found = Find-LyncFirewallRule -Policy $Policy -Name $operation.rule.Name
        $isSame = $null -ne $found -and (ConvertTo-LyncWholeText -Text $found.Line) -ceq (ConvertTo-LyncLine -Value $operation.rule)
        if (-not $isSame -or $seen.ContainsKey($operation.rule.Name)) {
            return
        }
        $seen[$operation.rule.Name] = $true
        $found
    }
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
    param($Policy, $Read)
    Assert-LyncNoRevert
    if ($module.Params.fingerprint) {
        $now = Get-LyncFirewallState -Policy $Policy @Read
        if ($now.fingerprint -cne $module.Params.fingerprint) {
            throw 'the firewall is not as it was gathered: something else has changed it meanwhile; nothing was written, run again'
        }
    }
}

function Find-Target {
    # What each operation is about, and how many rules have each name; by names where COM finds all of them so.
    param($Policy)
    $read = @{}
    $targets = $null
    if ($module.Params.gather_through -eq 'registry') {
        $read.Stored = Get-LyncStoredRule -Policy $Policy
        $targets = @(Find-EachByName -Policy $Policy)
    }
    if ($null -eq $targets -or $targets.Count -ne $module.Params.operations.Count) {
        $store = @(Read-Store -Policy $Policy)
        if ($module.Params.gather_through -ne 'registry') {
            $read.Rule = $store
        }
        $targets = $null
    }
    Assert-Unchanged -Policy $Policy -Read $read
    if ($null -eq $targets) {
        $waiting = Get-Queue -Store $store
        $targets = foreach ($operation in $module.Params.operations) {
            if ($operation.kind -eq 'add') { @{} } else { Find-Rule -Waiting $waiting -Operation $operation }
        }
    } else {
        $store = $targets
    }
    $nameCount = New-Object -TypeName System.Collections.Hashtable -ArgumentList ([System.StringComparer]::OrdinalIgnoreCase)
    foreach ($present in $store) {
        if ($null -ne $present.Value) {
            $nameCount[$present.Value.Name] = 1 + $nameCount[$present.Value.Name]
        }
    }
    @{ Targets = @($targets); NameCount = $nameCount }
}

function Invoke-Apply {
    # All operations in their order; every rule is located before the first write.
    param($Policy)
    $found = Find-Target -Policy $Policy
    $targets = $found.Targets
    $nameCount = $found.NameCount
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
    # What the host has now; after a write COM tells it, since the registry may be behind.
    param($Policy)
    $way = 'com'
    if ($module.Params.operation -eq 'gather') {
        $way = Get-LyncFirewallWay -Through $module.Params.gather_through -Known $module.Params.known_builds
    }
    $read = Read-LyncFirewall -Policy $Policy -Way $way
    $counters.enumerations += $read.Enumerations
    $state = $read.State
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
