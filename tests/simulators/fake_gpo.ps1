# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Stands in for NetSecurity on a Group Policy object, which is the file LAB_GPO: a JSON list of rules. As the cmdlets' pages say, a
# session holds a copy that Save-NetGPO writes back whole; a parameter or a word that they do not know is refused, and so are ports
# and ICMP types that do not go with the protocol. -Name is the rule's id; -Group of a new rule is its free text.
$global:labSession = @{ Open = $false; Rules = @(); Saves = 0 }

function Open-NetGPO {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true)][ValidatePattern('^[^\\]+\\[^\\]+$')][string]$PolicyStore)
    $global:labSession.Open = $true
    $global:labSession.Rules = @(Get-Content -LiteralPath $env:LAB_GPO -Raw | ConvertFrom-Json)
    "session of $PolicyStore"
}

function Test-LabSession {
    param([string]$Session)
    if (-not $global:labSession.Open -or $Session -notlike 'session of *') { throw 'The Group Policy session was not opened.' }
}

function Get-NetFirewallRule {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true)][string]$GPOSession)
    Test-LabSession -Session $GPOSession
    $global:labSession.Rules
}

function Remove-NetFirewallRule {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param([Parameter(Mandatory = $true)][string]$GPOSession, [Parameter(Mandatory = $true)][string[]]$Name)
    Test-LabSession -Session $GPOSession
    $found = @($global:labSession.Rules | Where-Object { $Name -contains $_.Name })
    if ($found.Count -eq 0) { throw "No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to '$Name'." }
    $global:labSession.Rules = @($global:labSession.Rules | Where-Object { $Name -notcontains $_.Name })
}

# The words of New-NetFirewallRule.md of windows-powershell-docs (windowsserver2022); the page lists no other, and names of interfaces are
# patterns, of which the brackets of a name are no part unless they are escaped.
$labWords = @{
    LocalPort = 'Any', 'RPC', 'RPCEPMap', 'Teredo', 'IPHTTPSIn', 'IPHTTPSOut', 'PlayToDiscovery'
    RemotePort = 'Any', 'IPHTTPSIn', 'IPHTTPSOut'
    Address = 'Any', 'LocalSubnet', 'DNS', 'DHCP', 'WINS', 'DefaultGateway', 'Internet', 'Intranet', 'IntranetRemoteAccess', 'PlayToDevice', 'CaptivePortal'
}

function Test-LabWord {
    param([string[]]$Value, [string]$Kind, [string]$Pattern)
    foreach ($one in $Value) { if ($labWords[$Kind] -cnotcontains $one -and $one -notmatch $Pattern) { throw "The $Kind '$one' is invalid." } }
}

function New-NetFirewallRule {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true)][string]$GPOSession, [string]$Name = [guid]::NewGuid().ToString(), [Parameter(Mandatory = $true)][string]$DisplayName,
        [string]$Description, [string]$Group, [ValidateSet('True', 'False')][string]$Enabled = 'True',
        [ValidateSet('Any', 'Domain', 'Private', 'Public', 'NotApplicable')][string[]]$Profile = 'Any',
        [ValidateSet('Inbound', 'Outbound')][string]$Direction = 'Inbound', [ValidateSet('NotConfigured', 'Allow', 'Block')][string]$Action = 'Allow',
        [ValidateSet('Block', 'Allow', 'DeferToUser', 'DeferToApp')][string]$EdgeTraversalPolicy = 'Block',
        [string[]]$LocalAddress = 'Any', [string[]]$RemoteAddress = 'Any', [string]$Protocol = 'Any', [string[]]$LocalPort = 'Any',
        [string[]]$RemotePort = 'Any', [string[]]$IcmpType = 'Any', [string]$Program = 'Any', [string]$Service = 'Any',
        [string[]]$InterfaceAlias = 'Any', [ValidateSet('Any', 'Wired', 'Wireless', 'RemoteAccess')][string[]]$InterfaceType = 'Any',
        [ValidateSet('NotRequired', 'Required', 'NoEncap')][string]$Authentication = 'NotRequired',
        [ValidateSet('NotRequired', 'Required', 'Dynamic')][string]$Encryption = 'NotRequired'
    )
    Test-LabSession -Session $GPOSession
    Test-LabWord -Value $LocalPort -Kind LocalPort -Pattern '^\d+(-\d+)?$'
    Test-LabWord -Value $RemotePort -Kind RemotePort -Pattern '^\d+(-\d+)?$'
    Test-LabWord -Value ($LocalAddress + $RemoteAddress) -Kind Address -Pattern '^[0-9a-f.:/-]+$'
    foreach ($type in $IcmpType) { if ($type -notmatch '^(Any|\d+(:\d+)?)$') { throw "The IcmpType '$type' is invalid." } }
    foreach ($card in $InterfaceAlias) { if ($card -match '(?<!`)[\[\]*?]') { throw "The InterfaceAlias '$card' is a pattern." } }
    $hasPorts = "$LocalPort$RemotePort" -ne 'AnyAny'
    $isWrong = ($hasPorts -and 'TCP', 'UDP' -notcontains $Protocol) -or ("$IcmpType" -ne 'Any' -and 'ICMPv4', 'ICMPv6' -notcontains $Protocol)
    if ($isWrong -or "$Authentication$Encryption" -eq 'NotRequiredRequired' -or $DisplayName -eq $env:LAB_GPO_REFUSES) { throw 'The parameter is incorrect.' }
    $rule = [ordered]@{}
    foreach ($parameter in $MyInvocation.MyCommand.Parameters.Keys) {
        $value = Get-Variable -Name $parameter -ValueOnly -ErrorAction SilentlyContinue
        if ($parameter -ne 'GPOSession' -and $null -ne $value) { $rule[$parameter] = $value }
    }
    $global:labSession.Rules += [PSCustomObject]$rule
    [PSCustomObject]$rule
}

function Save-NetGPO {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true)][string]$GPOSession)
    Test-LabSession -Session $GPOSession
    $global:labSession.Saves++
    if ($global:labSession.Saves -gt 1) { throw 'The object was saved twice.' }
    ConvertTo-Json -InputObject @($global:labSession.Rules) -Depth 4 | Set-Content -LiteralPath $env:LAB_GPO
}
