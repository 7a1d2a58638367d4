# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fixed text of the scripts that are handed out; scripts.py fills in @HOST@, @GROUP@ and @RULES@.

LOCAL_SCRIPT needs Windows PowerShell 2.0 and COM. It compares lists as sets of tokens, adds what is missing, and
removes, by a name of its own, every other rule of the group. GROUP_POLICY_SCRIPT needs the cmdlets of Windows Server 2012
and later. Lines of PowerShell stay as they are handed out, whatever their length.
"""

from __future__ import annotations

LOCAL_SCRIPT = r"""#Requires -Version 2.0
<#
.SYNOPSIS
Makes the firewall rules of one group on a host exactly those of the plan.
.DESCRIPTION
Run it as administrator on the host it is made for. Rules of other groups are not touched. Before the first change the whole
policy is exported to a file; the command that brings it back is printed. It has no guard: look at -WhatIf first.
.PARAMETER SnapshotDirectory
The folder of the export. Nobody but administrators must be able to write there.
.EXAMPLE
powershell -ExecutionPolicy Bypass -File HOST.ps1 -WhatIf
#>
[CmdletBinding(SupportsShouldProcess = $true)]
param([string]$SnapshotDirectory = "$env:SystemRoot\msuc.lync\snapshots")

$ErrorActionPreference = 'Stop'
$hostName = @HOST@
$group = @GROUP@
$order = 'Name', 'Grouping', 'Description', 'Direction', 'Action', 'Protocol', 'ApplicationName', 'ServiceName', 'LocalPorts', 'RemotePorts',
    'IcmpTypesAndCodes', 'LocalAddresses', 'RemoteAddresses', 'Profiles', 'Interfaces', 'InterfaceTypes', 'EdgeTraversalOptions', 'SecureFlags',
    'Enabled'
$unowned = 'LocalAppPackageId', 'LocalUserOwner', 'LocalUserAuthorizedList', 'RemoteUserAuthorizedList', 'RemoteMachineAuthorizedList'
$lists = 'LocalPorts', 'RemotePorts', 'IcmpTypesAndCodes', 'LocalAddresses', 'RemoteAddresses', 'Interfaces', 'InterfaceTypes'
# Not there before Windows Server 2012 or 2008 R2, where it means 0.
$new = 'EdgeTraversalOptions', 'SecureFlags'
$wanted = @(
@RULES@
)

function ConvertTo-Comparable {
    # A property as text that is the same for every way in which Windows may give it back.
    param([string]$Name, $Value)
    if ($Name -eq 'Profiles') {
        return [string]([int]$Value -band 7)
    }
    if ($new -contains $Name) {
        return [string][int]$Value
    }
    if ($lists -notcontains $Name) {
        $text = [string]$Value
        if ($Name -eq 'ApplicationName' -or $Name -eq 'ServiceName') {
            $text = [System.Environment]::ExpandEnvironmentVariables($text).ToLowerInvariant()
        }
        return $text
    }
    $token = @($Value | ForEach-Object { ([string]$_).Split(',') } | ForEach-Object { $_.Trim().ToLowerInvariant() } | Where-Object { $_ })
    $token = @($token | ForEach-Object { $_ -replace '/(255\.255\.255\.255|128)$', '' -replace '^(.+)-\1$', '$1' } | Sort-Object -Unique)
    if ($token.Count -eq 0 -or $token -contains '*' -or $token -contains 'all') {
        return '*'
    }
    $token -join ','
}

function Test-SameRule {
    # Whether a live rule is a wanted one.
    param($Rule, $Want)
    foreach ($name in $unowned) {
        if ($Rule.$name) {
            return $false
        }
    }
    foreach ($name in $order) {
        # Windows shows ports and ICMP types of other protocols, which mean nothing.
        $isPort = $name -eq 'LocalPorts' -or $name -eq 'RemotePorts'
        if (($isPort -and 6, 17 -notcontains $Want.Protocol) -or ($name -eq 'IcmpTypesAndCodes' -and 1, 58 -notcontains $Want.Protocol)) {
            continue
        }
        $is = ConvertTo-Comparable -Name $name -Value $Rule.$name
        if ($is -cne (ConvertTo-Comparable -Name $name -Value $Want[$name])) {
            return $false
        }
    }
    $true
}

function Export-Policy {
    # The way back.
    if (-not (Test-Path -LiteralPath $SnapshotDirectory)) {
        New-Item -ItemType Directory -Path $SnapshotDirectory -Force | Out-Null
    }
    $path = Join-Path -Path $SnapshotDirectory -ChildPath "firewall-$([System.DateTime]::UtcNow.ToString('yyyyMMddTHHmmssfff'))Z-handout.wfw"
    $output = & netsh.exe advfirewall export $path 2>&1
    if ($LASTEXITCODE -ne 0) {
        throw "the policy could not be exported, nothing was changed: $output"
    }
    Write-Output "to go back: netsh advfirewall import `"$path`""
}

function New-Rule {
    # A rule is filled before it is in force, and added once.
    param($Want)
    $rule = New-Object -ComObject HNetCfg.FWRule
    foreach ($name in $order) {
        $value = $Want[$name]
        # A new rule has no limits; those that a protocol or an older Windows does not have must not be put.
        $isUnlimited = ($lists -contains $name -and (ConvertTo-Comparable -Name $name -Value $value) -eq '*') -or ($new -contains $name -and $value -eq 0)
        if ($null -ne $value -and '' -ne $value -and -not $isUnlimited) {
            $rule.$name = $value
        }
    }
    $policy.Rules.Add($rule)
}

if ([System.Environment]::MachineName -ne $hostName) {
    Write-Warning "this script was made for $hostName"
}
$policy = New-Object -ComObject HNetCfg.FwPolicy2
$present = @($policy.Rules | Where-Object { $_.Grouping -ceq $group })
$kept = @{}
$missing = @()
foreach ($want in $wanted) {
    $found = $null
    for ($index = 0; $index -lt $present.Count; $index++) {
        if ($null -eq $found -and -not $kept.ContainsKey($index) -and (Test-SameRule -Rule $present[$index] -Want $want)) {
            $found = $index
        }
    }
    if ($null -eq $found) {
        $missing += $want
    } else {
        $kept[$found] = $true
    }
}
$extra = @(for ($index = 0; $index -lt $present.Count; $index++) { if (-not $kept.ContainsKey($index)) { $present[$index] } })
Write-Output "$($missing.Count) rules to add, $($extra.Count) to remove, $($kept.Count) as wanted"
if (($missing.Count -gt 0 -or $extra.Count -gt 0) -and -not $WhatIfPreference) {
    Export-Policy
}
foreach ($want in $missing) {
    if ($PSCmdlet.ShouldProcess($want.Name, 'add rule')) {
        New-Rule -Want $want
    }
}
foreach ($rule in $extra) {
    if ($PSCmdlet.ShouldProcess($rule.Name, 'remove rule')) {
        # Windows removes any one of several namesakes, so the rule gets a name of its own first.
        $alone = [guid]::NewGuid().ToString()
        $rule.Name = $alone
        $policy.Rules.Remove($alone)
    }
}
"""

GROUP_POLICY_SCRIPT = r"""#Requires -Version 3.0
<#
.SYNOPSIS
Makes the firewall rules of one group in a Group Policy object exactly those of the plan for one host.
.DESCRIPTION
Run it with the cmdlets of Windows Server 2012 or later, as somebody who may edit the object. Link the object to nothing but the host it is made
for. The object is saved once, when all rules are in it.
.PARAMETER PolicyStore
The object, as DOMAIN\NAME.
#>
[CmdletBinding(SupportsShouldProcess = $true)]
param([Parameter(Mandatory = $true)][string]$PolicyStore)

$ErrorActionPreference = 'Stop'
$hostName = @HOST@
$group = @GROUP@
$wanted = @(
@RULES@
)

$session = Open-NetGPO -PolicyStore $PolicyStore
$present = @(Get-NetFirewallRule -GPOSession $session | Where-Object { $_.Group -ceq $group })
Write-Output "$($wanted.Count) rules of $hostName take the place of $($present.Count) in $PolicyStore"
if ($PSCmdlet.ShouldProcess($PolicyStore, 'replace the rules of the group')) {
    foreach ($rule in $present) {
        Remove-NetFirewallRule -GPOSession $session -Name $rule.Name
    }
    foreach ($want in $wanted) {
        New-NetFirewallRule -GPOSession $session @want | Out-Null
    }
    Save-NetGPO -GPOSession $session
}
"""
