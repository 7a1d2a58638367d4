# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Put behind the functions of _Windows.psm1 by tests/simulators/powershell.py, in place of those that ask .NET and the registry.
# LAB_WORLD is a JSON file: addresses, listeners, connections, group_policy, mdm, products, older_lists, services.
function Get-LabWorld { Get-Content -LiteralPath $env:LAB_WORLD -Raw -Encoding UTF8 | ConvertFrom-Json -AsHashtable }

function Get-LyncRegistryValue {
    param([string]$Path)
    if ($env:LAB_STORE -and $Path -match 'ConSecRules$|IPSec|FirewallPolicy$|FirewallPolicy\\FirewallRules$|WindowsFirewall$') {
        return Get-LabRegistry -Path $Path
    }
    $world = Get-LabWorld
    if ($Path -match '(Domain|Standard)Profile\\(GloballyOpenPorts|AuthorizedApplications)\\List$') {
        $list = "$($Matches[2]) on $($Matches[1].ToLowerInvariant()): "
        $found = @{}
        foreach ($one in $world.older_lists) { if ($one.StartsWith($list)) { $found[$one] = $one.Substring($list.Length) } }
        return $found
    }
    $policy = if ($Path -like '*\Mdm\*') { $world.mdm } else { $world.group_policy }
    switch -Regex ($Path) {
        'FirewallRules$' { return $policy.rules }
        '(\w+)Profile$' { $name = $Matches[1].ToLowerInvariant(); if ($policy.profiles.ContainsKey($name)) { return $policy.profiles[$name] } }
        'NT\\CurrentVersion$' { $part = $world.build.Split('.'); return @{ CurrentBuildNumber = $part[0]; UBR = [int]$part[1] } }
        'HTTP$' { return @{ Port = 5985; uriprefix = 'wsman' } }
        'RDP-Tcp$' { return @{ PortNumber = 3389 } }
    }
    @{}
}

function Get-LyncRegistryKey {
    param([string]$Path)
    if ($Path -notmatch 'IPSec') { return '*+HTTP' }
    foreach ($name in (Invoke-Lab -Request @{ do = 'keys'; path = $Path })) { $name }
}

function Assert-LabAdministrator { if ($env:LAB_NO_ADMINISTRATOR) { throw 'Access is denied.' } }

function Get-LyncFirewallProduct { Assert-LabAdministrator; foreach ($one in (Get-LabWorld).products) { $one } }

function Get-LyncRunningService { Assert-LabAdministrator; (Get-LabWorld).services }

function Get-LyncInterfaceName { (Get-LabWorld).interfaces }

function Get-LyncHostAddress { (Get-LabWorld).addresses }

function Get-LyncTcp {
    $world = Get-LabWorld
    $listeners = foreach ($text in $world.listeners) {
        $part = $text.Split(' ')
        [System.Net.IPEndPoint]::new([System.Net.IPAddress]::Parse($part[0]), [int]$part[1])
    }
    $connections = foreach ($text in $world.connections) {
        $part = $text.Split(' ')
        [PSCustomObject]@{
            LocalEndPoint = [System.Net.IPEndPoint]::new([System.Net.IPAddress]::Parse($part[0]), [int]$part[1])
            RemoteEndPoint = [System.Net.IPEndPoint]::new([System.Net.IPAddress]::Parse($part[2]), 50000)
        }
    }
    @{ Listeners = @($listeners); Connections = @($connections) }
}
