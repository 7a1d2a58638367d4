# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

<#
.SYNOPSIS
Holds the connection security rules of this host to what the collection assumes of them, with the collection's own module.

.DESCRIPTION
Needs Windows PowerShell 5.1, Windows Server 2012 or later, this checkout and an administrator; no Ansible. Each scenario of
ipsec/cim_read_back.json and ipsec/cim_refusals.json that makes one rule makes it under the id "msuc.lync contract", disabled, so that
it exempts nothing; then it goes. The others are told as not asked. Nothing starts before a snapshot was taken.

    powershell -NoProfile -ExecutionPolicy Bypass -File tests\contract\run_ipsec.ps1

Exit status: 0 all confirmed, 1 something refuted, 2 not started, 3 the rules are not as they were before.

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
$remote = Join-Path -Path $plugins -ChildPath 'modules/windows_ipsec_remote.ps1'
. (Join-Path -Path $PSScriptRoot -ChildPath 'shared.ps1')
$id = 'msuc.lync contract'

function Invoke-Hand {
    # Runs the module as Ansible would, and returns its result.
    param($Argument)
    Set-Variable -Name complex_args -Value $Argument
    ConvertTo-Table -Value (ConvertFrom-Json -InputObject (& $remote))
}

function Invoke-Operation {
    # One operation on the rule of the contract.
    param([string]$Kind, $Argument = @{})
    $operation = @{ kind = $Kind; id = $id; name = $id; arguments = $Argument }
    Invoke-Hand -Argument @{ operation = 'apply'; engine = 'cim'; snapshot = $false; operations = @($operation) }
}

function Test-Asked {
    # Whether a scenario makes one rule by its arguments alone, written out.
    param($Scenario)
    $operations = @($Scenario.arguments.operations)
    $operations.Count -eq 1 -and $operations[0].id -eq 'a' -and (ConvertTo-Json -InputObject $Scenario -Depth 8) -notmatch '"addresses"'
}

function Get-Part {
    # The tokens of a rule string, whatever their order, without those that are empty or tell the version.
    param([string]$Text)
    ($Text.Split('|') | Where-Object { $_ -match '=.' -and $_ -notlike 'a v*' } | Sort-Object -CaseSensitive) -join '|'
}

function Get-Verdict {
    # What a scenario gave, and what it expects where that is something else.
    param($Scenario)
    $argument = $Scenario.arguments.operations[0].arguments
    $argument.Enabled = 'False'
    $made = Invoke-Operation -Kind add -Argument $argument
    $isThere = $null -ne $made.rules -and $made.rules.Contains($id)
    $found = if ($isThere) { Get-Part -Text $made.rules[$id] } else { "refused: $($made.msg)" }
    if ($isThere) {
        $null = Invoke-Operation -Kind remove
    }
    $expected = @($Scenario.expected.store | ForEach-Object { Get-Part -Text $_.Replace('Active=TRUE', 'Active=FALSE') })
    $isRight = if ($expected.Count) { $found -ceq $expected[0] } else { $found -like 'refused: *(Windows System Error 87)' }
    $wanted = if ($expected.Count) { $expected[0] } else { 'refused: ... (Windows System Error 87)' }
    @{ IsRight = $isRight; Found = $found; Wanted = $wanted }
}

function Get-Foreign {
    # What stands for all rules.
    (Invoke-Hand -Argument @{ operation = 'gather' }).fingerprint
}

try {
    Import-Module -Name (Join-Path -Path $plugins -ChildPath 'module_utils/_Module.psm1') -Global
    $path = Join-Path -Path $plugins -ChildPath 'module_utils'
    if ($Fake) {
        & $Fake -Path $path -Util _Windows, _Snapshot, _Change, _IPsec
    } else {
        Assert-Administrator
        foreach ($util in '_Windows', '_Snapshot', '_Change', '_IPsec') {
            Import-Module -Name (Join-Path -Path $path -ChildPath "$util.psm1") -Global
        }
    }
    $snapshot = Export-LyncSnapshot -Directory (Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath 'msuc.lync contract') -Keep 10
    $before = Get-Foreign
    if (-not $before -or @(Get-LyncIPsecEngine)[0] -ne 'cim') {
        throw 'this Windows has no module NetSecurity'
    }
} catch {
    Write-Output "not started: $($_.Exception.Message)"
    exit 2
}

$watch = [System.Diagnostics.Stopwatch]::StartNew()
$outcomes = @()
$count = @{ confirmed = 0; refuted = 0; 'not asked' = 0 }
$every = 0
foreach ($file in 'cim_read_back', 'cim_refusals') {
    $scenarios = Read-Json -Path (Join-Path -Path $PSScriptRoot -ChildPath "ipsec/$file.json")
    $every += $scenarios.Count
    foreach ($scenario in $scenarios | Where-Object { $_.name -like $Name }) {
        $verdict = if (Test-Asked -Scenario $scenario) { Get-Verdict -Scenario $scenario }
        $word = if ($null -eq $verdict) { 'not asked' } elseif ($verdict.IsRight) { 'confirmed' } else { 'refuted' }
        $count[$word]++
        Write-Output ('{0,-10} {1,-7} {2}' -f $word, $scenario.evidence, $scenario.name)
        $differences = @()
        if ($word -eq 'refuted') {
            $differences = @("expected: $($verdict.Wanted)", "found: $($verdict.Found)")
            $differences | ForEach-Object { Write-Output "           $_" }
        }
        $outcomes += [ordered]@{ name = $scenario.name; verdict = $word; differences = $differences }
    }
}
Write-Output ((@('confirmed', 'refuted', 'not asked') | ForEach-Object { "$($count[$_]) $_" }) -join ', ')
if ($Report) {
    Write-Report -Path $Report -Kind 'ipsec' -Seconds ([System.Math]::Round($watch.Elapsed.TotalSeconds)) -Scenarios $every -Outcome $outcomes
}
if ((Get-Foreign) -cne $before) {
    Write-Output "the rules are not as they were before; to take everything back: netsh advfirewall import `"$snapshot`""
    exit 3
}
Remove-Item -LiteralPath $snapshot
exit [int]($count.refuted -gt 0)
