# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# For this collection only. The rules of Windows Firewall through the COM object HNetCfg.FWRule (Windows Server 2008 R2 to 2025),
# which speaks the same on every language of Windows. Nothing here decides anything; _Windows.psm1 and _Change.psm1 have what other modules need too.

$script:RuleProperty = @(
    'Name', 'Grouping', 'Description', 'Direction', 'Action', 'Protocol', 'ApplicationName', 'ServiceName',
    'LocalPorts', 'RemotePorts', 'IcmpTypesAndCodes', 'LocalAddresses', 'RemoteAddresses', 'Profiles',
    'InterfaceTypes', 'EdgeTraversalOptions', 'SecureFlags', 'Enabled', 'Interfaces',
    'LocalAppPackageId', 'LocalUserOwner', 'LocalUserAuthorizedList', 'RemoteUserAuthorizedList', 'RemoteMachineAuthorizedList'
)

# Those that an older Windows may not have: INetFwRule2 came with 2008 R2, INetFwRule3 with 2012.
$script:NewProperty = @('EdgeTraversalOptions', 'SecureFlags') + ($script:RuleProperty -like 'Local*User*') + ($script:RuleProperty -like '*AuthorizedList') + 'LocalAppPackageId'
# DISP_E_UNKNOWNNAME, and what .NET says for it.
$script:UnknownName = -2147352570, -2146233069
$script:Missing = @{}
$script:StoreKey = 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules'

function Get-LyncFirewallRule {
    <#
    .SYNOPSIS
    Enumerates the local rules once, each with Com (the live rule), Value (its properties), and Line: what tells whether it is
    another one than was gathered.
    #>
    param([Parameter(Mandatory = $true)]$Policy)

    foreach ($rule in $Policy.Rules) {
        $value = Get-LyncFirewallRuleValue -Rule $rule
        @{ Com = $rule; Value = $value; Line = (ConvertTo-LyncLine -Value $value) }
    }
}

function Find-LyncFirewallRule {
    <#
    .SYNOPSIS
    Returns the rule that COM finds by a name, as Get-LyncFirewallRule does, without an enumeration; nothing where there is none. Of several
    namesakes it is any one.
    #>
    param([Parameter(Mandatory = $true)]$Policy, [Parameter(Mandatory = $true)][string]$Name)

    try {
        $rule = $Policy.Rules.Item($Name)
    } catch {
        # 0x80070002 ERROR_FILE_NOT_FOUND, and whatever else: who asks enumerates then, which tells it.
        return
    }
    if ($null -ne $rule) {
        $value = Get-LyncFirewallRuleValue -Rule $rule
        @{ Com = $rule; Value = $value; Line = (ConvertTo-LyncLine -Value $value) }
    }
}

function Get-LyncStoredRule {
    <#
    .SYNOPSIS
    Returns the local rules as the registry has them, in one call: rules (strings by id), the names of interfaces by the identifiers that such
    strings have, how many rules COM counts, and why the registry cannot be read, if so. With Unread COM may refuse the number.
    #>
    param([Parameter(Mandatory = $true)]$Policy, [AllowNull()][System.Collections.IDictionary]$Unread)

    $found = @{ rules = @{}; interfaces = @{}; count = 0; problem = '' }
    try {
        $found.rules = Get-LyncRegistryText -Path $script:StoreKey
        $found.interfaces = Get-LyncInterfaceName
        $found.count = [int](Read-LyncPart -Name count -Unread $Unread -Read { Get-LyncRuleCount -Policy $Policy })
    } catch {
        $found.problem = $_.Exception.Message
    }
    $found
}

function Get-LyncRuleCount {
    <#
    .SYNOPSIS
    Returns how many rules COM counts.
    #>
    param([Parameter(Mandatory = $true)]$Policy)

    # Windows PowerShell gives $null where the getter of Rules is refused.
    if ($null -eq $Policy.Rules) { throw 'COM does not show the rules' }
    Get-LyncNumber -Object $Policy.Rules -Name Count
}

function Read-LyncPart {
    <#
    .SYNOPSIS
    Returns a part of what is gathered; one that cannot be read is named in Unread with its reason, and without Unread everything fails.
    #>
    param([Parameter(Mandatory = $true)][string]$Name, [Parameter(Mandatory = $true)][scriptblock]$Read, [AllowNull()][System.Collections.IDictionary]$Unread)

    try {
        & $Read
    } catch {
        if ($null -eq $Unread) { throw }
        $Unread[$Name] = $_.Exception.Message
    }
}

function Get-LyncFirewallWay {
    <#
    .SYNOPSIS
    Returns through what the rules are read: com, registry or both. auto is what is known of this build of Windows, and both for another one.
    #>
    param([Parameter(Mandatory = $true)][string]$Through, [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Known)

    if ($Through -ne 'auto') { return $Through }
    $build = Get-LyncBuild
    if ($Known.Contains($build)) { [string]$Known[$build] } else { 'both' }
}

function Get-LyncFirewallState {
    <#
    .SYNOPSIS
    Returns what the firewall is: the rules that were enumerated (Rule) or read in the registry (Stored) or both, profiles, Group Policy, MDM, and
    the fingerprint that stands for all of them. With Unread a part that cannot be read is named there.
    #>
    param(
        [Parameter(Mandatory = $true)]$Policy,
        [AllowNull()][AllowEmptyCollection()][array]$Rule,
        [AllowNull()][System.Collections.IDictionary]$Stored,
        [AllowNull()][System.Collections.IDictionary]$Unread
    )

    $setting = Read-LyncPart -Name profiles -Unread $Unread -Read { Get-LyncFirewallProfile -Policy $Policy }
    $groupPolicy = Get-LyncGroupPolicy -Kind FirewallRules
    $mdm = Get-LyncMdmPolicy
    $beside = @(if ($null -ne $setting) { ConvertTo-LyncLine -Value $setting })
    foreach ($store in $groupPolicy, $mdm) {
        $beside += ConvertTo-LyncLine -Value $store.rules
        $beside += ConvertTo-LyncLine -Value $store.profiles
    }
    $state = @{
        profiles = $setting
        group_policy = $groupPolicy
        mdm = $mdm
        products = @(Read-LyncPart -Name products -Unread $Unread -Read { Get-LyncFirewallProduct })
        older_lists = @(Get-LyncOlderList)
        services = @(Read-LyncPart -Name services -Unread $Unread -Read { Get-LyncRunningService })
    }
    if ($null -ne $Unread) {
        $state.not_read = $Unread
    }
    if ($null -ne $Stored) {
        $line = @(foreach ($id in $Stored.rules.Keys) { "$id=$($Stored.rules[$id])" }) + "count=$($Stored.count)"
        $state.stored = $Stored
        $state.stored.fingerprint = Get-LyncFingerprint -Line ($line + $beside)
        $state.fingerprint = $state.stored.fingerprint
    }
    if ($null -ne $Rule) {
        $line = @(foreach ($present in $Rule) { $present.Line })
        $state.rules = @(foreach ($present in $Rule) { $present.Value })
        $state.fingerprint = Get-LyncFingerprint -Line ($line + $beside)
    }
    $state
}

function Read-LyncFirewall {
    <#
    .SYNOPSIS
    Returns the state of the firewall as it is gathered through com, registry or both, with the number of enumerations that this took. Through
    the registry alone an account reads that may do nothing else: what it is refused then is named.
    #>
    param([Parameter(Mandatory = $true)]$Policy, [Parameter(Mandatory = $true)][ValidateSet('com', 'registry', 'both')][string]$Way)

    $read = @{ Policy = $Policy; Unread = $null }
    if ($Way -eq 'registry') {
        $read.Unread = @{}
    }
    if ($Way -ne 'com') {
        $read.Stored = Get-LyncStoredRule -Policy $Policy -Unread $read.Unread
    }
    if ($Way -ne 'registry') {
        $read.Rule = @(Get-LyncFirewallRule -Policy $Policy)
    }
    @{ State = (Get-LyncFirewallState @read); Enumerations = [int]$read.ContainsKey('Rule') }
}

function Get-LyncFirewallRuleValue {
    <#
    .SYNOPSIS
    Returns the properties of a rule that are not null; properties that an older Windows does not know are left out.
    #>
    param([Parameter(Mandatory = $true)]$Rule)

    # Not $Rule.Name: Windows PowerShell gives $null where a getter fails, and nothing is no limit.
    $type = $Rule.GetType()
    $get = [System.Reflection.BindingFlags]::GetProperty
    $value = @{}
    foreach ($property in $script:RuleProperty) {
        if ($script:Missing.ContainsKey($property)) {
            continue
        }
        try {
            $read = $type.InvokeMember($property, $get, $null, $Rule, $null)
        } catch {
            $cause = $_.Exception.GetBaseException()
            if ($script:NewProperty -notcontains $property -or $script:UnknownName -notcontains $cause.HResult) {
                throw "$property cannot be read: $($cause.Message)"
            }
            $script:Missing[$property] = $true
            continue
        }
        if ($null -ne $read) {
            $value[$property] = $read
            if ($read -is [array]) {
                # Assigned apart: what an "if" gives loses the array around one element.
                $value[$property] = [string[]]@(foreach ($one in $read) { [string]$one })
            }
        }
    }
    $value
}

function Add-LyncFirewallRule {
    <#
    .SYNOPSIS
    Fills a new rule, which is not yet in force, and adds it once. Put is a list of property and value in their order.
    #>
    param([Parameter(Mandatory = $true)]$Policy, [Parameter(Mandatory = $true)]$Put)

    $rule = New-Object -ComObject HNetCfg.FWRule
    foreach ($one in $Put) {
        Set-LyncFirewallRuleProperty -Rule $rule -Property $one.property -Value $one.value
    }
    $Policy.Rules.Add($rule)
}

function Set-LyncFirewallRuleProperty {
    <#
    .SYNOPSIS
    Puts one property of a rule. On a rule of the store this is checked and in force at once.
    #>
    param([Parameter(Mandatory = $true)]$Rule, [Parameter(Mandatory = $true)][string]$Property, $Value)

    # The mask of all profiles often arrives as another kind of number, which COM refuses.
    if ($Value -is [long] -or $Value -is [uint32]) {
        $Value = [int]$Value
    }
    # Interfaces are an array of variants, each a text: what JSON gave may be wrapped, which a cast of the array does not change.
    if ($Value -is [System.Collections.IList]) {
        $Value = [object[]]@(foreach ($one in $Value) { [string]$one })
    }
    try {
        $Rule.$Property = $Value
    } catch {
        $text = @($Value) -join ','
        throw "$Property '$($text.Substring(0, [System.Math]::Min(200, $text.Length)))': $($_.Exception.Message)"
    }
}

function Remove-LyncFirewallRule {
    <#
    .SYNOPSIS
    Removes the one rule of this name. Windows removes any one of several namesakes: give the rule a name of its own before.
    #>
    param([Parameter(Mandatory = $true)]$Policy, [Parameter(Mandatory = $true)][string]$Name)

    $Policy.Rules.Remove($Name)
}

Export-ModuleMember -Function Get-LyncFirewallRule, Find-LyncFirewallRule, Get-LyncStoredRule, Get-LyncFirewallWay, Get-LyncFirewallState, Read-LyncFirewall,
    Add-LyncFirewallRule, Set-LyncFirewallRuleProperty, Remove-LyncFirewallRule
