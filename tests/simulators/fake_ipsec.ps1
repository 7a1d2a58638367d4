# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Put in front of our .psm1 files by tests/simulators/powershell.py: the cmdlets of NetSecurity that _IPsec.psm1 uses, with their
# own parameters and enumerations (New-NetIPsecRule.md of windows-powershell-docs). As there, errors end nothing unless asked to.
# What Windows does lies behind LAB_PYTHON -m tests.simulators.ipsec_bridge.
function Invoke-Lab {
    param([hashtable]$Request)
    if (-not $global:LabBridge) {
        $start = [System.Diagnostics.ProcessStartInfo]::new($env:LAB_PYTHON)
        foreach ($word in '-m', 'tests.simulators.ipsec_bridge') { $start.ArgumentList.Add($word) }
        $start.WorkingDirectory = $env:LAB_ROOT
        $start.UseShellExecute = $false
        $start.RedirectStandardInput = $start.RedirectStandardOutput = $true
        $global:LabBridge = [System.Diagnostics.Process]::Start($start)
    }
    $Request += @{ store = $env:LAB_STORE; host = $env:LAB_HOST }
    $global:LabBridge.StandardInput.WriteLine((ConvertTo-Json -InputObject $Request -Depth 6 -Compress))
    $answer = ConvertFrom-Json -InputObject $global:LabBridge.StandardOutput.ReadLine() -AsHashtable
    if ($answer.dropped) {
        Set-Content -LiteralPath $env:LAB_DROPPED -Value ''
        [System.Environment]::Exit(1)
    }
    if ($answer.error) {
        # Non-terminating, as the cmdlets do it.
        $caller = (Get-PSCallStack)[1].Command
        return [PSCustomObject]@{ LabError = [System.Management.Automation.ErrorRecord]::new([System.Exception]::new($answer.error), "$($answer.id),$caller", 'NotSpecified', $null) }
    }
    , $answer.value
}

function Get-LabRegistry {
    # The values of a key, binary ones as bytes.
    param([string]$Path)
    $value = Invoke-Lab -Request @{ do = 'registry'; path = $Path }
    if ($value.LabError) { throw $value.LabError }
    foreach ($name in @($value.Keys)) {
        if ($value[$name] -is [System.Collections.IDictionary]) { $value[$name] = [System.Convert]::FromBase64String($value[$name].base64) }
        if ($value[$name] -is [long]) { $value[$name] = [int]$value[$name] }
    }
    $value
}

function Invoke-LabScript {
    param([string]$Path)
    $done = Invoke-Lab -Request @{ do = 'netsh'; path = $Path }
    $global:LASTEXITCODE = [int]$done.code
    if ($done.output) { $done.output }
}

function Get-Module {
    param([switch]$ListAvailable, [string]$Name)
    if ($ListAvailable -and $Name -eq 'NetSecurity' -and (Invoke-Lab -Request @{ do = 'module' })) { 'NetSecurity' }
}

function New-NetIPsecRule {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true)][string]$DisplayName, [string]$IPsecRuleName, [string]$Description, [string]$Group,
        [ValidateSet('True', 'False')][string]$Enabled,
        [ValidateSet('Any', 'Domain', 'Private', 'Public', 'NotApplicable')][string[]]$Profile,
        [ValidateSet('None', 'Tunnel', 'Transport')][string]$Mode,
        [ValidateSet('None', 'Request', 'Require')][string]$InboundSecurity, [ValidateSet('None', 'Request', 'Require')][string]$OutboundSecurity,
        [string]$QuickModeCryptoSet, [string]$Phase1AuthSet, [string]$Phase2AuthSet,
        [string[]]$LocalAddress, [string[]]$RemoteAddress, [string]$Protocol, [string[]]$LocalPort, [string[]]$RemotePort,
        [ValidateSet('Any', 'Wired', 'Wireless', 'RemoteAccess')][string]$InterfaceType, $GPOSession
    )
    $made = Invoke-Lab -Request (Get-LabRequest -Verb new -Bound $PSBoundParameters)
    if ($made.LabError) { $PSCmdlet.WriteError($made.LabError) } else { [PSCustomObject]@{ InstanceID = $IPsecRuleName } }
}

function Set-NetIPsecRule {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, ParameterSetName = 'Id')][string]$IPsecRuleName, [Parameter(Mandatory = $true, ParameterSetName = 'Group')][string]$Group,
        [string]$NewDisplayName, [string]$Description,
        [ValidateSet('True', 'False')][string]$Enabled,
        [ValidateSet('Any', 'Domain', 'Private', 'Public', 'NotApplicable')][string[]]$Profile,
        [ValidateSet('None', 'Tunnel', 'Transport')][string]$Mode,
        [ValidateSet('None', 'Request', 'Require')][string]$InboundSecurity, [ValidateSet('None', 'Request', 'Require')][string]$OutboundSecurity,
        [string]$QuickModeCryptoSet, [string]$Phase1AuthSet, [string]$Phase2AuthSet,
        [string[]]$LocalAddress, [string[]]$RemoteAddress, [string]$Protocol, [string[]]$LocalPort, [string[]]$RemotePort,
        [ValidateSet('Any', 'Wired', 'Wireless', 'RemoteAccess')][string]$InterfaceType, $GPOSession
    )
    $made = Invoke-Lab -Request (Get-LabRequest -Verb set -Bound $PSBoundParameters)
    if ($made.LabError) { $PSCmdlet.WriteError($made.LabError) }
}

function Remove-NetIPsecRule {
    [CmdletBinding()]
    param([string]$IPsecRuleName = '*', $GPOSession)
    $made = Invoke-Lab -Request @{ do = 'remove'; id = $IPsecRuleName; session = $GPOSession.LabSession }
    if ($made.LabError) { $PSCmdlet.WriteError($made.LabError) }
}

function Open-NetGPO {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true)][string]$PolicyStore)
    $made = Invoke-Lab -Request @{ do = 'open'; name = $PolicyStore }
    if ($made.LabError) { $PSCmdlet.WriteError($made.LabError) } else { [PSCustomObject]@{ LabSession = $made } }
}

function Save-NetGPO {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true)]$GPOSession)
    $made = Invoke-Lab -Request @{ do = 'save'; session = $GPOSession.LabSession }
    if ($made.LabError) { $PSCmdlet.WriteError($made.LabError) }
}

function Get-NetIPsecRule {
    [CmdletBinding()]
    param($GPOSession)
    # One enumeration shows everything; the filters are looked up in what it showed.
    $global:LabShown = @(Invoke-Lab -Request @{ do = 'shown'; session = $GPOSession.LabSession } | ForEach-Object { $_ } | ForEach-Object { [PSCustomObject]$_ })
    $global:LabShown
}

function Get-LabFilter {
    param([string[]]$Property)
    # A filter of a firewall rule comes along.
    [PSCustomObject]@{ CreationClassName = 'MSFT|FW|FirewallRule|{0}'; InstanceID = $global:LabShown[0].InstanceID; Protocol = 'TCP' }
    foreach ($rule in $global:LabShown) {
        $rule | Select-Object -Property (@('InstanceID') + $Property) | Add-Member -NotePropertyName CreationClassName -NotePropertyValue "MSFT|FW|ConSecRule|$($rule.InstanceID)" -PassThru
    }
}

function Get-NetFirewallAddressFilter { [CmdletBinding()] param($GPOSession) Get-LabFilter -Property LocalAddress, RemoteAddress }
function Get-NetFirewallPortFilter { [CmdletBinding()] param($GPOSession) Get-LabFilter -Property Protocol, LocalPort, RemotePort }
function Get-NetFirewallInterfaceTypeFilter { [CmdletBinding()] param($GPOSession) Get-LabFilter -Property InterfaceType }

function Get-LabRequest {
    # What was bound, without what is common to all cmdlets.
    param([string]$Verb, $Bound)
    $argument = @{}
    foreach ($name in $Bound.Keys) {
        if ($name -notin 'IPsecRuleName', 'GPOSession', 'ErrorAction', 'Verbose', 'Debug') { $argument[$name] = $Bound[$name] }
    }
    @{ do = $Verb; id = $Bound['IPsecRuleName']; arguments = $argument; session = $Bound['GPOSession'].LabSession }
}
