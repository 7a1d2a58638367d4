# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# For this collection only. What every module on a Windows host reads: the policy of HNetCfg.FwPolicy2, the registry, and the network of .NET,
# all of which speak the same on every language of Windows. Nothing here decides anything.

# The variables that the paths of programs may name; Windows expands them when a rule is stored.
$script:PathVariable = @(
    'SystemRoot', 'windir', 'SystemDrive', 'ProgramFiles', 'ProgramFiles(x86)', 'ProgramW6432',
    'CommonProgramFiles', 'CommonProgramFiles(x86)', 'CommonProgramW6432', 'ProgramData', 'ALLUSERSPROFILE', 'PUBLIC'
)

$script:PolicyKey = 'SOFTWARE\Policies\Microsoft\WindowsFirewall'
$script:MdmKey = 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\Mdm'
# What Group Policy sets of a profile, by the kind of rules that it concerns.
$script:ProfileValue = @{
    FirewallRules = 'EnableFirewall', 'DoNotAllowExceptions', 'DefaultInboundAction', 'DefaultOutboundAction', 'AllowLocalPolicyMerge'
    ConSecRules = @('AllowLocalIPsecPolicyMerge')
}
$script:WinRmKey = 'SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Listener'
$script:VersionKey = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'
$script:RdpKey = 'SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'

function Get-LyncFirewallPolicy {
    <#
    .SYNOPSIS
    Returns the COM object of the local firewall policy.
    #>
    New-Object -ComObject HNetCfg.FwPolicy2
}

function Get-LyncNumber {
    <#
    .SYNOPSIS
    Returns a number of a COM object, and fails where its getter does: $Object.Name would be nothing then, which counts as 0.
    #>
    param([Parameter(Mandatory = $true)]$Object, [Parameter(Mandatory = $true)][string]$Name)

    try {
        [int]$Object.GetType().InvokeMember($Name, [System.Reflection.BindingFlags]::GetProperty, $null, $Object, $null)
    } catch {
        throw "$Name cannot be read: $($_.Exception.GetBaseException().Message)"
    }
}

function Get-LyncFirewallProfile {
    <#
    .SYNOPSIS
    Returns the active profiles, the state of each profile, and whether local rules are in force.
    #>
    param([Parameter(Mandatory = $true)]$Policy)

    $settings = foreach ($bit in 1, 2, 4) {
        @{
            profile = $bit
            firewall_enabled = [bool]$Policy.FirewallEnabled($bit)
            block_all_inbound = [bool]$Policy.BlockAllInboundTraffic($bit)
            default_inbound = [int]$Policy.DefaultInboundAction($bit)
            default_outbound = [int]$Policy.DefaultOutboundAction($bit)
        }
    }
    @{
        active = Get-LyncNumber -Object $Policy -Name CurrentProfileTypes
        local_policy_modify_state = Get-LyncNumber -Object $Policy -Name LocalPolicyModifyState
        settings = @($settings)
    }
}

function Get-LyncOlderList {
    <#
    .SYNOPSIS
    Returns what the lists of Group Policy from before Windows Vista admit, each as "LIST on PROFILE: VALUE".
    #>
    foreach ($name in 'Domain', 'Standard') {
        foreach ($list in 'GloballyOpenPorts', 'AuthorizedApplications') {
            $value = Get-LyncRegistryText -Path "$script:PolicyKey\$($name)Profile\$list\List"
            foreach ($one in @($value.Keys) | Sort-Object) {
                "$list on $($name.ToLowerInvariant()): $($value[$one])"
            }
        }
    }
}

function Get-LyncFirewallProduct {
    <#
    .SYNOPSIS
    Returns the products of others that are registered with Windows as firewalls: name, and the numbers of what each owns.
    #>
    $products = New-Object -ComObject HNetCfg.FwProducts
    # By number: an enumerator that fails would be taken for the one thing to enumerate.
    for ($index = 0; $index -lt [int]$products.Count; $index++) {
        $product = $products.Item($index)
        @{ name = [string]$product.DisplayName; categories = @(foreach ($one in $product.RuleCategories) { [int]$one }) }
    }
}

function Get-LyncRunningService {
    <#
    .SYNOPSIS
    Returns the names of the services that run.
    #>
    foreach ($one in Get-Service -ErrorAction Stop) {
        if ($one.Status -eq 'Running') {
            [string]$one.Name
        }
    }
}

function Get-LyncBuild {
    <#
    .SYNOPSIS
    Returns the build of Windows with its update, such as 20348.2700; Windows Server 2008 R2 and 2012 have no number of the update.
    #>
    $value = Get-LyncRegistryValue -Path $script:VersionKey
    $build = [string]$value.CurrentBuildNumber
    if ($value.ContainsKey('UBR')) { "$build.$($value.UBR)" } else { $build }
}

function Get-LyncInterfaceName {
    <#
    .SYNOPSIS
    Returns the names of the network interfaces by their identifiers, which are GUIDs in braces.
    #>
    $name = @{}
    foreach ($interface in [System.Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces()) {
        $name[[string]$interface.Id] = [string]$interface.Name
    }
    $name
}

function Get-LyncHostAddress {
    <#
    .SYNOPSIS
    Returns the addresses of the network interfaces that are up, without those of the loopback.
    #>
    foreach ($interface in [System.Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces()) {
        $isUp = $interface.OperationalStatus -eq [System.Net.NetworkInformation.OperationalStatus]::Up
        $isLoopback = $interface.NetworkInterfaceType -eq [System.Net.NetworkInformation.NetworkInterfaceType]::Loopback
        if ($isUp -and -not $isLoopback) {
            foreach ($unicast in $interface.GetIPProperties().UnicastAddresses) {
                $unicast.Address.ToString()
            }
        }
    }
}

function Get-LyncPathVariable {
    <#
    .SYNOPSIS
    Returns the environment variables that paths of programs may name.
    #>
    $value = @{}
    foreach ($name in $script:PathVariable) {
        $read = [System.Environment]::GetEnvironmentVariable($name)
        if ($null -ne $read) {
            $value[$name] = $read
        }
    }
    $value
}

function Get-LyncRegistryValue {
    <#
    .SYNOPSIS
    Returns the values of a key below HKEY_LOCAL_MACHINE by name; nothing when there is no such key.
    #>
    param([Parameter(Mandatory = $true)][string]$Path)

    $value = @{}
    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($Path)
    if ($null -ne $key) {
        foreach ($name in $key.GetValueNames()) {
            $value[$name] = $key.GetValue($name)
        }
        $key.Close()
    }
    $value
}

function Get-LyncRegistryText {
    <#
    .SYNOPSIS
    Returns the values of a key by name, each as text.
    #>
    param([Parameter(Mandatory = $true)][string]$Path)

    $value = Get-LyncRegistryValue -Path $Path
    $text = @{}
    foreach ($name in $value.Keys) {
        $text[$name] = [string]$value[$name]
    }
    $text
}

function Get-LyncRegistryKey {
    <#
    .SYNOPSIS
    Returns the names of the keys below a key of HKEY_LOCAL_MACHINE.
    #>
    param([Parameter(Mandatory = $true)][string]$Path)

    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($Path)
    if ($null -ne $key) {
        $key.GetSubKeyNames()
        $key.Close()
    }
}

function Get-LyncGroupPolicy {
    <#
    .SYNOPSIS
    Returns what Group Policy says, which COM does not show: rules of a kind (strings by id), and the settings of each profile for them.
    #>
    param([Parameter(Mandatory = $true)][ValidateSet('FirewallRules', 'ConSecRules')][string]$Kind)

    Read-LyncPolicyStore -Key $script:PolicyKey -Kind $Kind -Profile Domain, Private, Public
}

function Get-LyncMdmPolicy {
    <#
    .SYNOPSIS
    Returns what a management of devices (MDM) says, which COM does not show either; in the form of Group Policy.
    #>
    # Below the service's own key the private profile is called the standard one; both names have been seen for MDM.
    Read-LyncPolicyStore -Key $script:MdmKey -Kind FirewallRules -Profile Domain, Standard, Private, Public
}

function Read-LyncPolicyStore {
    <#
    .SYNOPSIS
    Returns the rules of a kind below a key (strings by id), and the settings of each profile for them.
    #>
    param([Parameter(Mandatory = $true)][string]$Key, [Parameter(Mandatory = $true)][string]$Kind, [string[]]$Profile)

    $text = Get-LyncRegistryText -Path "$Key\$Kind"
    $settings = @{}
    foreach ($name in $Profile) {
        $value = Get-LyncRegistryValue -Path "$Key\$($name)Profile"
        $number = @{}
        foreach ($setting in $script:ProfileValue[$Kind]) {
            if ($value.ContainsKey($setting)) {
                $number[$setting] = [int]$value[$setting]
            }
        }
        $settings[$name.ToLowerInvariant()] = $number
    }
    @{ rules = $text; profiles = $settings }
}

function Get-LyncTcp {
    <#
    .SYNOPSIS
    Returns the TCP listeners and the established connections of the host, as end points of .NET.
    #>
    $properties = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    $isEstablished = { $_.State -eq [System.Net.NetworkInformation.TcpState]::Established }
    @{
        Listeners = @($properties.GetActiveTcpListeners())
        Connections = @($properties.GetActiveTcpConnections() | Where-Object -FilterScript $isEstablished)
    }
}

function Get-LyncTcpUse {
    <#
    .SYNOPSIS
    Returns listeners ("ADDRESS PORT") and connections to them ("ADDRESS PORT PEER"), each once.
    #>
    $tcp = Get-LyncTcp
    $ports = @{}
    $listeners = @{}
    foreach ($listener in $tcp.Listeners) {
        $ports[$listener.Port] = $true
        $listeners["$($listener.Address) $($listener.Port)"] = $true
    }
    $connections = @{}
    foreach ($one in $tcp.Connections) {
        if ($ports.ContainsKey($one.LocalEndPoint.Port)) {
            $connections["$($one.LocalEndPoint.Address) $($one.LocalEndPoint.Port) $($one.RemoteEndPoint.Address)"] = $true
        }
    }
    @{ listeners = @($listeners.Keys | Sort-Object); connections = @($connections.Keys | Sort-Object) }
}

function Get-LyncManagementPort {
    <#
    .SYNOPSIS
    Returns the TCP ports through which a host is managed, each with kind (winrm, ssh, rdp) and port.
    #>
    $winrm = @(5985, 5986)
    foreach ($name in Get-LyncRegistryKey -Path $script:WinRmKey) {
        $value = Get-LyncRegistryValue -Path "$script:WinRmKey\$name"
        if ($value.ContainsKey('Port')) {
            $winrm += [int]$value.Port
        }
    }
    foreach ($port in $winrm | Sort-Object -Unique) {
        @{ kind = 'winrm'; port = $port }
    }
    # CLIENT CLIENTPORT SERVER SERVERPORT, in a session of SSH.
    $session = @(([string]$env:SSH_CONNECTION).Split(' '))
    @{ kind = 'ssh'; port = $(if ($session.Count -eq 4) { [int]$session[3] } else { 22 }) }
    $remoteDesktop = Get-LyncRegistryValue -Path $script:RdpKey
    @{ kind = 'rdp'; port = $(if ($remoteDesktop.ContainsKey('PortNumber')) { [int]$remoteDesktop.PortNumber } else { 3389 }) }
}

function Write-LyncHostFact {
    <#
    .SYNOPSIS
    Puts into a result what a host has beside its rules: build, addresses, listeners, connections, ports of management, variables of paths.
    #>
    param([Parameter(Mandatory = $true)]$Module)

    $tcp = Get-LyncTcpUse
    $Module.Result.build = Get-LyncBuild
    $Module.Result.listeners = $tcp.listeners
    $Module.Result.connections = $tcp.connections
    $Module.Result.management = @(Get-LyncManagementPort)
    $Module.Result.addresses = @(Get-LyncHostAddress)
    $Module.Result.environment = Get-LyncPathVariable
    $Module.Result.pending_revert = Get-LyncPendingRevert
}

Export-ModuleMember -Function Get-LyncFirewallPolicy, Get-LyncNumber, Get-LyncFirewallProfile, Get-LyncFirewallProduct, Get-LyncOlderList, Get-LyncRunningService, Get-LyncBuild, Get-LyncInterfaceName,
    Get-LyncGroupPolicy, Get-LyncMdmPolicy, Get-LyncRegistryValue, Get-LyncRegistryText,
    Get-LyncRegistryKey, Write-LyncHostFact
