# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

<#
.SYNOPSIS
Holds the Windows Firewall of this host to what the collection assumes of it, with the collection's own module.

.DESCRIPTION
Needs Windows PowerShell 5.1, this checkout and an administrator; no Ansible. Each scenario of playbooks/files/selftest/scenarios adds rules of
the group "msuc.lync contract", changes and removes them, and is confirmed or refuted. None of these rules is ever enabled,
so no packet is admitted or blocked by them, and all are removed at the end. Nothing starts before a snapshot was taken.

    powershell -NoProfile -ExecutionPolicy Bypass -File tests\contract\run.ps1

Exit status: 0 all confirmed, 1 something refuted, 2 not started, 3 the firewall is not as it was before.

.PARAMETER Name
Only the scenarios whose name is like this.

.PARAMETER Report
A file that gets what each scenario gave, with the build of Windows, as JSON: evidence that tests/evidence takes in.
With -Name it is none: what was left out is unknown.

.PARAMETER Fake
A script that gives the module with something else than Windows below it.
#>
param([string]$Name = '*', [string]$Report = '', [string]$Fake = '')

$ErrorActionPreference = 'Stop'
$plugins = Join-Path -Path $PSScriptRoot -ChildPath '../../plugins'
$remote = Join-Path -Path $plugins -ChildPath 'modules/windows_firewall_remote.ps1'
. (Join-Path -Path $PSScriptRoot -ChildPath 'shared.ps1')

function ConvertTo-Value {
    # A value to put; {text, then, times, join} stands for a long text, with # for the odd numbers in it.
    param($Value)
    if ($Value -isnot [System.Collections.IDictionary]) {
        return , $Value
    }
    $parts = for ($index = 0; $index -lt $Value.times; $index++) { $Value.then.Replace('#', [string](2 * $index + 1)) }
    $Value.text + ($parts -join $Value.join)
}

function ConvertTo-Put {
    # The puts of a table, or of a list of pairs where a property comes twice; a new rule begins with its marks.
    param($Rule, $Mark = @{})
    if ($Rule -is [array]) {
        $pairs = $Rule
    } else {
        $pairs = @(foreach ($property in $Rule.Keys) { , @($property, $Rule[$property]) })
    }
    $given = @($pairs | ForEach-Object { $_[0] })
    foreach ($property in $Mark.Keys) {
        if ($given -notcontains $property) {
            @{ property = $property; value = $Mark[$property] }
        }
    }
    foreach ($pair in $pairs) {
        @{ property = $pair[0]; value = (ConvertTo-Value -Value $pair[1]) }
    }
}

function Get-Own {
    # The rules of the contract, as gathered, in the order of the enumeration; of all others only name and group are read.
    foreach ($rule in $policy.Rules) {
        if ($rule.Grouping -like "$($format.marks.Grouping)*" -or $rule.Name -like "$($format.marks.Name)*") {
            [PSCustomObject]@{ Com = $rule; Value = (& $adapter { param($Rule) Get-LyncFirewallRuleValue -Rule $Rule } $rule); Taken = $false }
        }
    }
}

function Get-Foreign {
    # What stands for all other rules.
    $own = @(Get-Own | ForEach-Object { $_.Value.Name })
    $lines = foreach ($rule in Get-LyncFirewallRule -Policy $policy) {
        if ($own -cnotcontains $rule.Value.Name) {
            ($rule.Value.Keys | Sort-Object | ForEach-Object { "$_=$($rule.Value[$_])" }) -join '|'
        }
    }
    Get-LyncFingerprint -Line @($lines)
}

function Clear-Own {
    # Each rule gets a name of its own first, since Windows removes any one of several namesakes.
    foreach ($rule in @(Get-Own)) {
        $alone = "$($format.marks.Name) $([guid]::NewGuid())"
        Set-LyncFirewallRuleProperty -Rule $rule.Com -Property Name -Value $alone
        Remove-LyncFirewallRule -Policy $policy -Name $alone
    }
}

function Test-Match {
    # Whether a rule as gathered has all these properties.
    param($Value, $Wanted)
    foreach ($property in $Wanted.Keys) {
        if ([string]$Value[$property] -cne [string]$Wanted[$property]) {
            return $false
        }
    }
    $true
}

function ConvertTo-Operation {
    # One step of a scenario as the module takes it; rules are told by some of their properties, and taken once each.
    param($Step, $Present)
    if ($Step.Contains('add')) {
        $put = @(ConvertTo-Put -Rule $Step.add -Mark $format.marks)
        return @{ kind = 'add'; name = [string]($put | Where-Object { $_.property -eq 'Name' }).value; puts = $put }
    }
    $kind = if ($Step.Contains('change')) { 'change' } else { 'remove' }
    $target = @($Present | Where-Object { -not $_.Taken -and (Test-Match -Value $_.Value -Wanted $Step[$kind]) })[0]
    $target.Taken = $true
    $rule = $target.Value.Clone()
    if ($Step.Contains('stale')) {
        foreach ($property in $Step.stale.Keys) {
            $rule[$property] = $Step.stale[$property]
        }
    }
    $put = if ($Step.Contains('puts')) { @(ConvertTo-Put -Rule $Step.puts) } else { @() }
    @{ kind = $kind; name = $rule.Name; rule = $rule; puts = @($put) }
}

function Invoke-Hand {
    # Runs the module as Ansible would, and returns its result.
    param($Argument)
    # Where Ansible puts the arguments.
    Set-Variable -Name complex_args -Value $Argument
    ConvertTo-Table -Value (ConvertFrom-Json -InputObject (& $remote))
}

function Get-Argument {
    # What the module is told to do.
    param($Scenario, $Present)
    $argument = @{ operation = 'gather'; snapshot = $false; _ansible_check_mode = [bool]$Scenario.check_mode }
    if ($Scenario.Contains('do')) {
        $argument.operation = 'apply'
        $argument.operations = @(foreach ($step in $Scenario.do) { ConvertTo-Operation -Step $step -Present $Present })
    }
    $argument
}

function Get-Outcome {
    # What a scenario gave, in the words in which it says what it expects.
    param($Scenario, $Present)
    if ($Scenario.Contains('remove_name')) {
        Remove-LyncFirewallRule -Policy $policy -Name $Scenario.remove_name
        return [ordered]@{ error = ''; done = 0; enumerations = 0; writes = 0 }
    }
    $argument = Get-Argument -Scenario $Scenario -Present $Present
    $before = if ($isFake) { Get-ContractCount }
    $result = Invoke-Hand -Argument $argument
    if ($isFake) {
        $after = Get-ContractCount
        foreach ($what in 'enumerations', 'writes') {
            if ($after[$what] - $before[$what] -ne $result.counters[$what]) {
                throw "the module counts $($result.counters[$what]) $what, the firewall $($after[$what] - $before[$what])"
            }
        }
    }
    $kind = if (-not $result.failed) { '' } elseif ($result.msg -like '*as it was gathered*') { 'conflict' } else { 'refused' }
    $outcome = [ordered]@{ error = $kind; done = $result.done; enumerations = $result.counters.enumerations; writes = $result.counters.writes }
    $outcome.message = [string]$result.msg
    $outcome
}

function Get-Expected {
    # A whole rule as it is to be read back.
    param($Rule)
    $whole = @{}
    foreach ($put in @(ConvertTo-Put -Rule $Rule -Mark $format.marks)) {
        $whole[$put.property] = $put.value
    }
    $protocol = if ($whole.ContainsKey('Protocol')) { [string]$whole.Protocol } else { '256' }
    foreach ($table in $format.new.any, $format.new[$protocol]) {
        foreach ($property in @($table.Keys)) {
            if ($null -ne $property -and -not $whole.ContainsKey($property)) {
                $whole[$property] = $table[$property]
            }
        }
    }
    if ($whole.ApplicationName) {
        $whole.ApplicationName = [System.Environment]::ExpandEnvironmentVariables($whole.ApplicationName)
    }
    $whole
}

function Get-Shown {
    # The properties of a rule that are known here, those that are null left out; a name that the module made up has no value.
    param($Value)
    $shown = [ordered]@{}
    foreach ($property in $format.properties) {
        if ($null -ne $Value[$property]) {
            $shown[$property] = $Value[$property]
        }
    }
    if ([string]$shown.Name -match '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$') {
        $shown.Name = '(GUID)'
    }
    $shown
}

function Get-Line {
    # Rules as sorted lines, to be compared.
    param($Rule)
    $lines = foreach ($one in $Rule) { ($one.Keys | ForEach-Object { "$_=$(@($one[$_]) -join ',')" }) -join ' | ' }
    $sorted = [string[]]@($lines)
    [System.Array]::Sort($sorted, [System.StringComparer]::Ordinal)
    , $sorted
}

function Get-Difference {
    # What is not as expected, in words.
    param($Scenario, $Outcome, $Expected)
    $usual = @{ error = ''; enumerations = 2; done = 0; writes = 0 }
    if (-not $Scenario.Contains('error') -and $Scenario.Contains('do')) {
        $usual.done = $Scenario.do.Count
    }
    if ($Scenario.Contains('remove_name')) {
        $usual.enumerations = 0
    }
    foreach ($what in 'error', 'done', 'enumerations', 'writes') {
        $wanted = if ($Scenario.Contains($what)) { $Scenario[$what] } else { $usual[$what] }
        if ([string]$Outcome[$what] -cne [string]$wanted) {
            "$what '$wanted' expected, '$($Outcome[$what])' found $($Outcome.message)"
        }
    }
    $want = Get-Line -Rule $Expected
    $have = Get-Line -Rule $Outcome.rules
    if (($want -join "`n") -cne ($have -join "`n")) {
        @($want | Where-Object { $have -cnotcontains $_ } | ForEach-Object { "expected: $_" })
        @($have | Where-Object { $want -cnotcontains $_ } | ForEach-Object { "found: $_" })
        if ($want.Count -ne $have.Count) {
            "$($want.Count) rules expected, $($have.Count) found"
        }
    }
}

function Test-Scenario {
    # Seeds, does and compares one scenario.
    param($Scenario)
    Clear-Own
    foreach ($rule in @($Scenario.seed)) {
        if ($null -ne $rule) {
            Add-LyncFirewallRule -Policy $policy -Put @(ConvertTo-Put -Rule $rule -Mark $format.marks)
        }
    }
    $present = @(Get-Own)
    if ($isFake) {
        Set-ContractFault -Fault $Scenario.fault
    }
    $outcome = Get-Outcome -Scenario $Scenario -Present $present
    if ($isFake) {
        Set-ContractFault -Fault @{}
    }
    $outcome.rules = @(Get-Own | ForEach-Object { Get-Shown -Value $_.Value })
    if ($Scenario.Contains('left')) {
        $expected = @($Scenario.left | ForEach-Object { Get-Shown -Value $present[$_].Value })
    } else {
        $expected = @($Scenario.store | Where-Object { $null -ne $_ } | ForEach-Object { Get-Shown -Value (Get-Expected -Rule $_) })
    }
    $outcome.differences = @(Get-Difference -Scenario $Scenario -Outcome $outcome -Expected $expected)
    $outcome
}

function Get-Verdict {
    # A scenario with its verdict: confirmed, refuted, or not asked where a fault cannot be made.
    param($Scenario)
    if ($Scenario.Contains('fault') -and -not $isFake) {
        return [ordered]@{ name = $Scenario.name; verdict = 'not asked'; differences = @() }
    }
    try {
        $outcome = Test-Scenario -Scenario $Scenario
    } catch {
        $outcome = [ordered]@{ differences = @("the scenario could not be run: $($_.Exception.Message)") }
    }
    $outcome.name = $Scenario.name
    $outcome.verdict = if ($outcome.differences.Count -eq 0) { 'confirmed' } else { 'refuted' }
    $outcome
}

function Write-Verdict {
    # One line for a person, and below it what is different.
    param($Scenario, $Outcome)
    Write-Output ('{0,-10} {1,-7} {2}' -f $Outcome.verdict, $Scenario.evidence, $Scenario.name)
    if ($Outcome.verdict -eq 'refuted') {
        $Outcome.differences | ForEach-Object { Write-Output "           $($_.Substring(0, [System.Math]::Min($_.Length, 400)))" }
        if ($Scenario.Contains('switch')) {
            Write-Output "           the simulator has a switch for this: $($Scenario['switch'])"
        }
    }
}

try {
    $assumed = Join-Path -Path $PSScriptRoot -ChildPath '../../playbooks/files/selftest'
    $format = Read-Json -Path (Join-Path -Path $assumed -ChildPath 'rule.json')
    $files = Get-ChildItem -Path (Join-Path -Path $assumed -ChildPath 'scenarios') -Filter '*.json' | Sort-Object -Property Name
    $every = @(foreach ($file in $files) { foreach ($scenario in (Read-Json -Path $file.FullName)) { $scenario } })
    $scenarios = @($every | Where-Object { $_.name -like $Name })
    Import-Module -Name (Join-Path -Path $plugins -ChildPath 'module_utils/_Module.psm1') -Global
    $path = Join-Path -Path $plugins -ChildPath 'module_utils'
    $isFake = [bool]$Fake
    if ($isFake) {
        & $Fake $path
    } else {
        Assert-Administrator
        foreach ($util in '_Windows', '_Snapshot', '_Change', '_Firewall') {
            Import-Module -Name (Join-Path -Path $path -ChildPath "$util.psm1") -Global
        }
    }
    $adapter = Get-Module -Name _Firewall
    $policy = Get-LyncFirewallPolicy
    $folder = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath 'msuc.lync contract'
    $snapshot = Export-LyncSnapshot -Directory $folder -Keep 10
    $foreign = Get-Foreign
} catch {
    Write-Output "not started: $($_.Exception.Message)"
    exit 2
}

$outcomes = @()
$watch = [System.Diagnostics.Stopwatch]::StartNew()
try {
    foreach ($scenario in $scenarios) {
        $start = $watch.Elapsed.TotalSeconds
        $outcome = Get-Verdict -Scenario $scenario
        $outcome.seconds = [System.Math]::Round($watch.Elapsed.TotalSeconds - $start, 1)
        Write-Verdict -Scenario $scenario -Outcome $outcome
        $outcomes += $outcome
    }
} finally {
    Clear-Own
}
$counts = foreach ($verdict in 'confirmed', 'refuted', 'not asked') { "$(@($outcomes | Where-Object { $_.verdict -eq $verdict }).Count) $verdict" }
$seconds = [System.Math]::Round($watch.Elapsed.TotalSeconds)
Write-Output "$(@($outcomes).Count) scenarios in $seconds s"
Write-Output ($counts -join ', ')
if ($Report) {
    Write-Report -Path $Report -Kind 'rules' -Seconds $seconds -Scenarios $every.Count -Outcome $outcomes
}
if (@(Get-Own).Count -ne 0 -or (Get-Foreign) -cne $foreign) {
    Write-Output "the firewall is not as it was before; to take it back: netsh advfirewall import `"$snapshot`""
    exit 3
}
Remove-Item -LiteralPath $snapshot
exit [int](@($outcomes | Where-Object { $_.verdict -eq 'refuted' }).Count -gt 0)
