# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# For this collection only. Connection security rules: read from the registry, which says the same in every language of Windows,
# written by the cmdlets of NetSecurity (Windows Server 2012 and later) or by a script of netsh (2008 R2). Nothing here decides anything.

$script:LocalKey = 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
$script:PolicyKey = 'SOFTWARE\Policies\Microsoft\WindowsFirewall'
$script:LegacyKey = 'SOFTWARE\Policies\Microsoft\Windows\IPSec'
# What the cmdlets show, as rule strings write it ([MS-GPFAS] 2.2.6.2).
$script:Action = @{ 'None None' = 'DoNotSecure'; 'Request Request' = 'Boundary'; 'Require Request' = 'SecureServer'; 'Require Require' = 'Secure' }
$script:Protocol = @{ TCP = '6'; UDP = '17'; ICMPv4 = '1'; ICMPv6 = '58' }
$script:InterfaceType = @{ Wired = 'Lan'; Wireless = 'Wireless'; RemoteAccess = 'RemoteAccess' }

function Get-LyncIPsecEngine {
    <#
    .SYNOPSIS
    Returns what can write rules on this host, the better one first.
    #>
    if (Get-Module -ListAvailable -Name NetSecurity) {
        'cim'
    }
    'netsh'
}

function Get-LyncIPsecRule {
    <#
    .SYNOPSIS
    Reads the local rules once: rule strings by their id.
    #>
    Get-LyncRegistryText -Path "$script:LocalKey\ConSecRules"
}

function Get-LyncIPsecExempt {
    <#
    .SYNOPSIS
    Returns the bits of what is exempted on the whole host, $null where nothing says so; Group Policy comes first.
    #>
    foreach ($path in $script:PolicyKey, $script:LocalKey) {
        $value = Get-LyncRegistryValue -Path $path
        if ($value.ContainsKey('IPSecExempt')) {
            return [int]$value.IPSecExempt
        }
    }
}

function Get-LyncIPsecLegacy {
    <#
    .SYNOPSIS
    Returns the IP Security Policies of the host as the registry holds them: the assigned one, its name, all objects, the domain's.
    #>
    $path = "$script:LegacyKey\Policy\Local"
    $objects = @{}
    foreach ($name in Get-LyncRegistryKey -Path $path) {
        $value = Get-LyncRegistryValue -Path "$path\$name"
        $shown = @{}
        foreach ($key in $value.Keys) {
            $shown[$key] = $value[$key]
            if ($value[$key] -is [byte[]]) {
                $shown[$key] = @{ base64 = [System.Convert]::ToBase64String($value[$key]) }
            }
        }
        $objects[$name] = $shown
    }
    $assigned = [string](Get-LyncRegistryValue -Path $path).ActivePolicy
    $policy = $objects[$assigned.Split('\')[-1]]
    @{
        assigned = $assigned
        name = $(if ($null -ne $policy) { [string]$policy.ipsecName } else { '' })
        policy_objects = $objects
        domain = [string](Get-LyncRegistryValue -Path "$script:LegacyKey\GPTIPSECPolicy").DSIPSECPolicyName
    }
}

function Get-LyncIPsecState {
    <#
    .SYNOPSIS
    Returns the rules that were read, what bears on them besides, and the fingerprint that stands for all of that.
    #>
    param([Parameter(Mandatory = $true)][System.Collections.IDictionary]$Rule)

    $state = @{
        group_policy = Get-LyncGroupPolicy -Kind ConSecRules
        legacy = Get-LyncIPsecLegacy
        exempt = Get-LyncIPsecExempt
        engines = @(Get-LyncIPsecEngine)
        profiles = Get-LyncFirewallProfile -Policy (Get-LyncFirewallPolicy)
    }
    $line = @($Rule.Keys | ForEach-Object { "$_=$($Rule[$_])" })
    $line += $state.Keys | ForEach-Object { "$_ $(ConvertTo-LyncLine -Value $state[$_])" }
    $state.rules = $Rule
    $state.fingerprint = Get-LyncFingerprint -Line $line
    $state
}

function Invoke-LyncCim {
    <#
    .SYNOPSIS
    Runs cmdlets of NetSecurity; their errors are told with the number of Windows, which is the same in every language.
    #>
    param([Parameter(Mandatory = $true)][scriptblock]$Call)

    try {
        & $Call
    } catch {
        throw "$($_.Exception.Message.Trim()) ($($_.FullyQualifiedErrorId.Split(',')[0]))"
    }
}

function Invoke-LyncIPsecOperation {
    <#
    .SYNOPSIS
    Adds, changes or removes one rule, told by its id; Session writes to a Group Policy object instead of the host.
    #>
    param(
        [Parameter(Mandatory = $true)][ValidateSet('add', 'change', 'remove')][string]$Kind,
        [Parameter(Mandatory = $true)][string]$Id,
        [System.Collections.IDictionary]$Argument,
        $Session
    )

    # Where a rule is looked for, its id is a pattern. Without one, all rules would go.
    $escaped = [System.Management.Automation.WildcardPattern]::Escape($Id)
    $splat = @{ ErrorAction = 'Stop' }
    if ($null -ne $Session) {
        $splat.GPOSession = $Session
    }
    if ($Kind -ne 'remove') {
        foreach ($name in $Argument.Keys) {
            $splat[$name] = $Argument[$name]
            if ($Argument[$name] -is [System.Collections.IList]) {
                $splat[$name] = [string[]]@($Argument[$name])
            }
        }
    }
    $null = switch ($Kind) {
        'add' { Invoke-LyncCim -Call { New-NetIPsecRule -IPsecRuleName $Id @splat } }
        'change' { Invoke-LyncCim -Call { Set-NetIPsecRule -IPsecRuleName $escaped @splat } }
        'remove' { Invoke-LyncCim -Call { Remove-NetIPsecRule -IPsecRuleName $escaped @splat } }
    }
}

function Open-LyncIPsecStore {
    <#
    .SYNOPSIS
    Loads a Group Policy object, DOMAIN\NAME, once.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    $splat = @{ PolicyStore = $Name; ErrorAction = 'Stop' }
    Invoke-LyncCim -Call { Open-NetGPO @splat }
}

function Save-LyncIPsecStore {
    <#
    .SYNOPSIS
    Saves a Group Policy object once, over what others have changed in it meanwhile.
    #>
    param([Parameter(Mandatory = $true)]$Session)

    $splat = @{ GPOSession = $Session; ErrorAction = 'Stop' }
    $null = Invoke-LyncCim -Call { Save-NetGPO @splat }
}

function Get-LyncIPsecStoreRule {
    <#
    .SYNOPSIS
    Reads the rules of a Group Policy object once, as rule strings by id. Each kind of filter is read once and joined by the id.
    #>
    param([Parameter(Mandatory = $true)]$Session)

    $splat = @{ GPOSession = $Session; ErrorAction = 'Stop' }
    $filter = @{ Address = @{}; Port = @{}; Type = @{} }
    $read = Invoke-LyncCim -Call {
        @{
            Rule = @(Get-NetIPsecRule @splat)
            Address = @(Get-NetFirewallAddressFilter @splat)
            Port = @(Get-NetFirewallPortFilter @splat)
            Type = @(Get-NetFirewallInterfaceTypeFilter @splat)
        }
    }
    foreach ($kind in @($filter.Keys)) {
        # Filters of firewall rules come along with them.
        foreach ($one in $read[$kind] | Where-Object { $_.CreationClassName -like '*ConSecRule*' }) {
            $filter[$kind][$one.InstanceID] = $one
        }
    }
    $text = @{}
    foreach ($rule in $read.Rule) {
        $id = $rule.InstanceID
        $text[$id] = ConvertTo-LyncIPsecText -Rule $rule -Address $filter.Address[$id] -Port $filter.Port[$id] -Type $filter.Type[$id]
    }
    $text
}

function Get-LyncIPsecListed {
    <#
    .SYNOPSIS
    Returns the values of a filter; none when it stands for all.
    #>
    param($Value)

    @($Value) | Where-Object { $null -ne $_ -and "$_" -ne 'Any' }
}

function ConvertTo-LyncIPsecEnd {
    <#
    .SYNOPSIS
    Returns the tokens of one end: ports, or addresses.
    #>
    param([int]$End, $Port, $Address)

    foreach ($value in Get-LyncIPsecListed -Value $Port) {
        if ("$value".Contains('-')) { "EP$($End)Port2_10=$value" } else { "EP$($End)Port=$value" }
    }
    foreach ($family in 4, 6) {
        foreach ($value in Get-LyncIPsecListed -Value $Address) {
            # A keyword stands for both families.
            $isWord = "$value" -notmatch '[.:]'
            if ($isWord -or "$value".Contains(':') -eq ($family -eq 6)) {
                "EP$($End)_$family=$value"
            }
        }
    }
}

function ConvertTo-LyncIPsecText {
    <#
    .SYNOPSIS
    Returns a rule that the cmdlets show as a rule string. What the filters do not show, such as interfaces, is not in it.
    #>
    param($Rule, $Address, $Port, $Type)

    $security = "$($Rule.InboundSecurity) $($Rule.OutboundSecurity)"
    $end = foreach ($number in 1, 2) {
        $side = if ($number -eq 1) { 'Local' } else { 'Remote' }
        ConvertTo-LyncIPsecEnd -End $number -Port $Port."$($side)Port"
        ConvertTo-LyncIPsecEnd -End $number -Address $Address."$($side)Address"
    }
    $token = @(
        $(if ($script:Action.ContainsKey($security)) { "Action=$($script:Action[$security])" } else { "Action=$security" })
        "Active=$("$($Rule.Enabled)".ToUpperInvariant())"
        "$($Rule.Profile)".Split(',').Trim() | Where-Object { $_ -ne 'Any' } | ForEach-Object { "Profile=$_" }
        Get-LyncIPsecListed -Value $Port.Protocol | ForEach-Object { "Protocol=$(if ($script:Protocol.ContainsKey("$_")) { $script:Protocol["$_"] } else { $_ })" }
        $end | Where-Object { $_ -like 'EP?Port*' }
        Get-LyncIPsecListed -Value $Type.InterfaceType | ForEach-Object { "IFType=$($script:InterfaceType["$_"])" }
        $end | Where-Object { $_ -notlike 'EP?Port*' }
        @(
            @('Auth1Set', $Rule.Phase1AuthSet), @('Auth2Set', $Rule.Phase2AuthSet), @('Crypto2Set', $Rule.QuickModeCryptoSet),
            @('Name', $Rule.DisplayName), @('Desc', $Rule.Description), @('EmbedCtxt', $Rule.RuleGroup)
        ) | Where-Object { $_[1] } | ForEach-Object { "$($_[0])=$($_[1])" }
    )
    "v2.10|$($token -join '|')|"
}

function Invoke-LyncIPsecScript {
    <#
    .SYNOPSIS
    Runs a script of netsh from a file in a folder. What it did must be read afterwards: its exit code is no proof.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$Text, [Parameter(Mandatory = $true)][string]$Directory)

    # Files are read in a code page that depends on the language of Windows.
    if ($Text -match '[^\x00-\x7F]') {
        throw 'the script holds letters that netsh may read as others; nothing was written'
    }
    $path = Join-Path -Path $Directory -ChildPath "msuc.lync-$([guid]::NewGuid().ToString('N')).txt"
    [System.IO.File]::WriteAllText($path, ($Text -replace '\r?\n', "`r`n"), [System.Text.Encoding]::ASCII)
    try {
        Invoke-LyncNetsh -Argument '-f', $path
    } finally {
        Remove-Item -LiteralPath $path
    }
}

Export-ModuleMember -Function Get-LyncIPsecEngine, Get-LyncIPsecRule, Get-LyncIPsecState, Invoke-LyncIPsecOperation,
    Open-LyncIPsecStore, Save-LyncIPsecStore, Get-LyncIPsecStoreRule, Invoke-LyncIPsecScript
