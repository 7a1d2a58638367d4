# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# For this collection only. Probes of a host, by the sockets of .NET: connections, certificates, datagrams; and listeners, those that are
# there and temporary ones; and its network cards and routes. What it all means is decided on the controller.

$script:TokenPrefix = 'msuc-lync-listen-'
$script:LargestAnswer = 65535

# What a temporary listener runs. It reads from a file where to listen, because a command line ends at 32,767 characters, and gives the file its
# last name when it is ready: two that open one file on Windows are in each other's way. It takes connections, says that it is one and closes
# them, sends datagrams back, and ends when its time is over or its file is gone, whatever became of who started it.
$script:Listener = @'
$token = '@TOKEN@'
$end = [System.DateTime]::UtcNow.AddSeconds(@SECONDS@)
$open = foreach ($one in [System.IO.File]::ReadAllLines("$token.new")) {
    $part = $one.Split(' ')
    $ip = [System.Net.IPAddress]::Parse($part[1])
    $type = if ($part[0] -eq 'tcp') { 'Stream' } else { 'Dgram' }
    $socket = New-Object -TypeName System.Net.Sockets.Socket -ArgumentList $ip.AddressFamily, $type, $part[0]
    try {
        $socket.ExclusiveAddressUse = $true
        $socket.Bind((New-Object -TypeName System.Net.IPEndPoint -ArgumentList $ip, ([int]$part[2])))
        if ($part[0] -eq 'tcp') { $socket.Listen(64) }
        $socket
    } catch { $socket.Close() }
}
# Something that scans new files may hold it for a moment.
for ($try = 0; $try -lt 50 -and -not [System.IO.File]::Exists($token) -and [System.IO.File]::Exists("$token.new"); $try++) {
    try { [System.IO.File]::Move("$token.new", $token) } catch { Start-Sleep -Milliseconds 100 }
}
$buffer = New-Object -TypeName byte[] -ArgumentList 65535
$banner = [System.Text.Encoding]::ASCII.GetBytes("msuc.lync temporary listener`n")
while (@($open).Count -and [System.DateTime]::UtcNow -lt $end -and [System.IO.File]::Exists($token)) {
    Start-Sleep -Milliseconds 50
    foreach ($socket in @($open | Where-Object { $_.Poll(0, 'SelectRead') })) {
        try {
            if ($socket.SocketType -eq 'Stream') {
                $connection = $socket.Accept()
                $null = $connection.Send($banner)
                $connection.Shutdown('Send')
                $connection.Close()
                continue
            }
            $any = if ($socket.AddressFamily -eq 'InterNetworkV6') { [System.Net.IPAddress]::IPv6Any } else { [System.Net.IPAddress]::Any }
            $peer = [System.Net.EndPoint](New-Object -TypeName System.Net.IPEndPoint -ArgumentList $any, 0)
            $count = $socket.ReceiveFrom($buffer, [ref]$peer)
            $null = $socket.SendTo($buffer, $count, 'None', $peer)
        } catch { continue }
    }
}
[System.IO.File]::Delete($token)
'@

function Get-LyncListener {
    <#
    .SYNOPSIS
    Returns the listeners of the host, "PROTOCOL ADDRESS PORT" each.
    #>
    $properties = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    $found = @($properties.GetActiveTcpListeners() | ForEach-Object { "tcp $($_.Address) $($_.Port)" })
    $found += $properties.GetActiveUdpListeners() | ForEach-Object { "udp $($_.Address) $($_.Port)" }
    @($found | Sort-Object -Unique)
}

function Get-LyncNetwork {
    <#
    .SYNOPSIS
    Returns the network cards that are up, the routes in force and those that outlast a restart, and the DNS servers.
    #>
    $told = @{ interfaces = @(); routes = @(); lasting = $null; dns_servers = @(); problem = '' }
    foreach ($card in [System.Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces()) {
        $isLoopback = $card.NetworkInterfaceType -eq [System.Net.NetworkInformation.NetworkInterfaceType]::Loopback
        if ($isLoopback -or $card.OperationalStatus -ne [System.Net.NetworkInformation.OperationalStatus]::Up) {
            continue
        }
        $settings = $card.GetIPProperties()
        $addresses = @($settings.UnicastAddresses | ForEach-Object { "$($_.Address)/$($_.PrefixLength)" })
        $told.interfaces += @{ name = [string](Get-LyncInterfaceIndex -Card $card -Settings $settings); addresses = $addresses }
        $told.dns_servers += @($settings.DnsAddresses | ForEach-Object { [string]$_ })
    }
    $told.dns_servers = @($told.dns_servers | Select-Object -Unique)
    if (-not (Get-Command -Name Get-NetRoute -ErrorAction SilentlyContinue)) {
        $told.problem = 'this Windows has no Get-NetRoute'
        return $told
    }
    $told.routes = @(Get-NetRoute | ForEach-Object {
            $metric = [int]$_.RouteMetric + [int]$_.InterfaceMetric
            @{ to = [string]$_.DestinationPrefix; by = [string]$_.InterfaceIndex; via = [string]$_.NextHop; metric = $metric }
        })
    # Get-NetRoute takes it for an error that there is none.
    $told.lasting = @(Get-NetRoute -PolicyStore PersistentStore -ErrorAction SilentlyContinue | ForEach-Object { [string]$_.DestinationPrefix })
    $told
}

function Get-LyncInterfaceIndex {
    <#
    .SYNOPSIS
    Returns the number by which routes name a network card, whichever family it has.
    #>
    param([Parameter(Mandatory = $true)]$Card, [Parameter(Mandatory = $true)]$Settings)

    if ($Card.Supports([System.Net.NetworkInformation.NetworkInterfaceComponent]::IPv4)) {
        return $Settings.GetIPv4Properties().Index
    }
    $Settings.GetIPv6Properties().Index
}

function New-LyncProbeSocket {
    <#
    .SYNOPSIS
    Returns a socket that comes from the address of the probe.
    #>
    param([Parameter(Mandatory = $true)]$Probe, [Parameter(Mandatory = $true)][string]$Type)

    $ip = [System.Net.IPAddress]::Parse($Probe.address)
    $protocol = if ($Type -eq 'Stream') { 'Tcp' } else { 'Udp' }
    $socket = New-Object -TypeName System.Net.Sockets.Socket -ArgumentList $ip.AddressFamily, $Type, $protocol
    try {
        if ($Probe.source) {
            $own = [System.Net.IPAddress]::Parse($Probe.source)
            $socket.Bind((New-Object -TypeName System.Net.IPEndPoint -ArgumentList $own, 0))
        }
    } catch {
        $socket.Close()
        throw "nothing can come from $($Probe.source): $($_.Exception.GetBaseException().Message)"
    }
    $socket
}

function Get-LyncSocketState {
    <#
    .SYNOPSIS
    Returns what an error of a socket says of the other side.
    #>
    param([Parameter(Mandatory = $true)][System.Exception]$Failure)

    $base = $Failure.GetBaseException()
    if ($base -isnot [System.Net.Sockets.SocketException]) {
        return 'failed'
    }
    switch ([string]$base.SocketErrorCode) {
        'TimedOut' { 'timed_out' }
        'ConnectionRefused' { 'refused' }
        'ConnectionReset' { 'refused' }
        'HostUnreachable' { 'unreachable' }
        'NetworkUnreachable' { 'unreachable' }
        'NetworkDown' { 'unreachable' }
        'HostDown' { 'unreachable' }
        default { 'failed' }
    }
}

function Start-LyncProbe {
    <#
    .SYNOPSIS
    Begins a probe: a connection, or a datagram that is sent.
    #>
    param([Parameter(Mandatory = $true)]$Probe)

    $going = @{ Probe = $Probe; Watch = [System.Diagnostics.Stopwatch]::StartNew(); Answer = @{ id = $Probe.id; state = 'open'; milliseconds = 0; message = '' } }
    try {
        $isUdp = $Probe.kind -eq 'udp'
        $going.Socket = New-LyncProbeSocket -Probe $Probe -Type $(if ($isUdp) { 'Dgram' } else { 'Stream' })
        $ip = [System.Net.IPAddress]::Parse($Probe.address)
        if ($isUdp) {
            $going.Socket.Connect($ip, $Probe.port)
            $null = $going.Socket.Send([System.Convert]::FromBase64String($Probe.payload))
        } else {
            $going.Async = $going.Socket.BeginConnect($ip, $Probe.port, $null, $null)
        }
    } catch {
        Set-LyncProbeFailure -Going $going -Failure $_.Exception
    }
    $going
}

function Set-LyncProbeFailure {
    <#
    .SYNOPSIS
    Notes why a probe failed.
    #>
    param([Parameter(Mandatory = $true)]$Going, [Parameter(Mandatory = $true)][System.Exception]$Failure)

    $Going.Answer.state = Get-LyncSocketState -Failure $Failure
    $Going.Answer.message = $Failure.GetBaseException().Message
    $Going.Answer.milliseconds = [int]$Going.Watch.ElapsedMilliseconds
}

function Complete-LyncProbe {
    <#
    .SYNOPSIS
    Waits for the end of a probe, and returns its answer.
    #>
    param([Parameter(Mandatory = $true)]$Going, [Parameter(Mandatory = $true)][int]$Millisecond)

    if ($Going.Answer.state -eq 'open') {
        $left = [System.Math]::Max(0, $Millisecond - [int]$Going.Watch.ElapsedMilliseconds)
        try {
            if ($Going.Probe.kind -eq 'udp') {
                Receive-LyncDatagram -Going $Going -Millisecond $left
            } elseif ($Going.Async.AsyncWaitHandle.WaitOne($left)) {
                $Going.Socket.EndConnect($Going.Async)
                $Going.Answer.milliseconds = [int]$Going.Watch.ElapsedMilliseconds
                Receive-LyncStream -Going $Going -Millisecond $Millisecond
            } else {
                $Going.Answer.state = 'timed_out'
                $Going.Answer.milliseconds = [int]$Going.Watch.ElapsedMilliseconds
            }
        } catch {
            Set-LyncProbeFailure -Going $Going -Failure $_.Exception
        }
    }
    if ($null -ne $Going.Socket) {
        $Going.Socket.Close()
    }
    $Going.Answer
}

function Receive-LyncDatagram {
    <#
    .SYNOPSIS
    Notes the datagram that comes back, or that none did.
    #>
    param([Parameter(Mandatory = $true)]$Going, [Parameter(Mandatory = $true)][int]$Millisecond)

    # A refusal comes as an error of this, which Poll does not tell everywhere.
    $Going.Socket.ReceiveTimeout = [System.Math]::Max(1, $Millisecond)
    $null = Read-LyncSocket -Going $Going
    $Going.Answer.milliseconds = [int]$Going.Watch.ElapsedMilliseconds
}

function Read-LyncSocket {
    <#
    .SYNOPSIS
    Notes what can be read now.
    #>
    param([Parameter(Mandatory = $true)]$Going)

    $buffer = New-Object -TypeName byte[] -ArgumentList $script:LargestAnswer
    $count = $Going.Socket.Receive($buffer)
    $Going.Answer.answer = [System.Convert]::ToBase64String($buffer, 0, $count)
    $count
}

function Receive-LyncStream {
    <#
    .SYNOPSIS
    Says on a connection what the probe wants, and notes what comes back; silence is fine, an end is told.
    #>
    param([Parameter(Mandatory = $true)]$Going, [Parameter(Mandatory = $true)][int]$Millisecond)

    $probe = $Going.Probe
    $wait = $probe.hold_milliseconds
    if ($probe.payload) {
        $null = $Going.Socket.Send([System.Convert]::FromBase64String($probe.payload))
        $wait = $Millisecond
    }
    if ($wait -gt 0 -and $Going.Socket.Poll($wait * 1000, [System.Net.Sockets.SelectMode]::SelectRead)) {
        $count = 0
        try {
            $count = Read-LyncSocket -Going $Going
        } catch {
            $Going.Answer.answer = ''
        }
        $Going.Answer.closed = $count -eq 0
    }
    # A server of TLS never speaks first.
    if ($probe.kind -eq 'tls' -and $null -eq $Going.Answer.answer) {
        Read-LyncCertificate -Going $Going -Millisecond $Millisecond
    }
}

function Read-LyncCertificate {
    <#
    .SYNOPSIS
    Notes the certificate of the other side, which is looked at and not checked: nothing secret is sent.
    #>
    param([Parameter(Mandatory = $true)]$Going, [Parameter(Mandatory = $true)][int]$Millisecond)

    $seen = @{}
    $look = { param($origin, $certificate) $null = $origin; $seen.Raw = $certificate.GetRawCertData(); $true }.GetNewClosure()
    # A server that wants a certificate of the client has shown its own by then, and may end before anybody looks at that.
    $choose = { param($origin, $name, $local, $remote) $null = $origin, $name, $local; if ($remote) { $seen.Raw = $remote.GetRawCertData() } }.GetNewClosure()
    $Going.Socket.ReceiveTimeout = $Millisecond
    $Going.Socket.SendTimeout = $Millisecond
    $network = New-Object -TypeName System.Net.Sockets.NetworkStream -ArgumentList $Going.Socket, $false
    $looks = [System.Net.Security.RemoteCertificateValidationCallback]$look
    $chooses = [System.Net.Security.LocalCertificateSelectionCallback]$choose
    $tls = New-Object -TypeName System.Net.Security.SslStream -ArgumentList $network, $false, $looks, $chooses
    try {
        $name = if ($Going.Probe.server_name) { $Going.Probe.server_name } else { $Going.Probe.address }
        $tls.AuthenticateAsClient($name, $null, (Get-LyncTlsVersion), $false)
    } catch {
        $base = $_.Exception.GetBaseException()
        $Going.Answer.message = "no certificate: $($base.Message)"
        $Going.Answer.closed = $base -is [System.IO.IOException] -or [string]$base.SocketErrorCode -eq 'ConnectionReset'
        $Going.Answer.silent = [string]$base.SocketErrorCode -eq 'TimedOut'
    } finally {
        $tls.Close()
    }
    if ($seen.Raw) {
        $Going.Answer.certificate = [System.Convert]::ToBase64String($seen.Raw)
        $Going.Answer.closed = $false
        $Going.Answer.silent = $false
        $Going.Answer.message = ''
    }
}

function Get-LyncTlsVersion {
    <#
    .SYNOPSIS
    Returns every version of TLS that this .NET has: old servers speak old ones.
    #>
    $known = [System.Enum]::GetNames([System.Security.Authentication.SslProtocols])
    $names = @('Tls', 'Tls11', 'Tls12', 'Tls13') | Where-Object { $known -contains $_ }
    [System.Security.Authentication.SslProtocols]($names -join ', ')
}

function Invoke-LyncProbe {
    <#
    .SYNOPSIS
    Returns the answers to probes; so many are under way at once, so many start in a second, and none after the time of all is over.
    #>
    param(
        [Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Probe, [Parameter(Mandatory = $true)][int]$Millisecond,
        [Parameter(Mandatory = $true)][int]$AtOnce, [Parameter(Mandatory = $true)][int]$PerSecond, [Parameter(Mandatory = $true)][int]$TotalSecond
    )

    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    for ($first = 0; $first -lt $Probe.Count; $first += $AtOnce) {
        $last = [System.Math]::Min($first + $AtOnce, $Probe.Count) - 1
        $going = foreach ($index in $first..$last) {
            $wait = [int](1000 * $index / $PerSecond - $clock.ElapsedMilliseconds)
            if ($wait -gt 0) {
                Start-Sleep -Milliseconds $wait
            }
            if ($clock.ElapsedMilliseconds -ge 1000 * $TotalSecond) {
                @{ Probe = $Probe[$index]; Answer = @{ id = $Probe[$index].id; state = 'skipped'; milliseconds = 0; message = 'the time of all probes was over' } }
            } else {
                Start-LyncProbe -Probe $Probe[$index]
            }
        }
        foreach ($one in $going) {
            Complete-LyncProbe -Going $one -Millisecond $Millisecond
        }
    }
}

function Start-LyncProcess {
    <#
    .SYNOPSIS
    Starts a script in a PowerShell of its own, which does not end with this connection as a child would.
    #>
    param([Parameter(Mandatory = $true)][string]$Script)

    $encoded = [System.Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($Script))
    $program = Join-Path -Path $PSHOME -ChildPath 'powershell.exe'
    $line = "`"$program`" -NoProfile -NonInteractive -EncodedCommand $encoded"
    try {
        $made = Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{ CommandLine = $line }
        $problem = if ($made.ReturnValue -ne 0) { "Win32_Process.Create returned $($made.ReturnValue)" }
    } catch {
        $problem = $_.Exception.Message
    }
    if ($problem) {
        $fix = 'fix: let WMI start powershell.exe for the time of the run, or leave lync_probe_listeners out'
        throw "the process of the temporary listeners could not be started: $problem; $fix"
    }
}

function Open-LyncListener {
    <#
    .SYNOPSIS
    Starts temporary listeners; returns what ends them (Token), what they listen on (Opened) and could not (NotOpened).
    #>
    param([Parameter(Mandatory = $true)][object[]]$Listen, [Parameter(Mandatory = $true)][int]$Second)

    $taken = @{}
    Get-LyncListener | ForEach-Object { $taken[$_] = $true }
    $all = '0.0.0.0', '::'
    $texts = @($Listen | ForEach-Object { "$($_.protocol) $($_.address) $($_.port)" })
    $free = @(foreach ($one in $Listen) {
            $same = @(@($one.address) + $all | Where-Object { $taken.ContainsKey("$($one.protocol) $_ $($one.port)") })
            if ($same.Count -eq 0) { "$($one.protocol) $($one.address) $($one.port)" }
        })
    if ($free.Count -eq 0) {
        return @{ Token = ''; Opened = @(); NotOpened = @($texts | ForEach-Object { "$_`: the port is taken" }) }
    }
    $token = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "$script:TokenPrefix$([guid]::NewGuid().ToString('N'))"
    [System.IO.File]::WriteAllLines("$token.new", [string[]]$free)
    $filled = $script:Listener.Replace('@SECONDS@', [string]$Second).Replace('@TOKEN@', $token.Replace("'", "''"))
    try {
        Start-LyncProcess -Script $filled
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        while (-not [System.IO.File]::Exists($token)) {
            if ($clock.Elapsed.TotalSeconds -gt 30) {
                throw 'the temporary listeners did not start within 30 seconds'
            }
            Start-Sleep -Milliseconds 100
        }
    } catch {
        foreach ($file in "$token.new", $token) { [System.IO.File]::Delete($file) }
        throw
    }
    $have = @(Get-LyncListener)
    $opened = @($free | Where-Object { $have -contains $_ })
    @{ Token = $token; Opened = $opened; NotOpened = @($texts | Where-Object { $opened -notcontains $_ } | ForEach-Object { "$_`: the port is taken" }) }
}

function Close-LyncListener {
    <#
    .SYNOPSIS
    Lets temporary listeners end, and returns whether they were still there. No other file is touched.
    #>
    param([Parameter(Mandatory = $true)][string]$Token)

    $folder = [System.IO.Path]::GetFullPath([System.IO.Path]::GetTempPath()).TrimEnd('\', '/')
    $full = [System.IO.Path]::GetFullPath($Token)
    if ([System.IO.Path]::GetDirectoryName($full) -ne $folder -or -not [System.IO.Path]::GetFileName($full).StartsWith($script:TokenPrefix)) {
        throw "$Token is not a file of a temporary listener"
    }
    $wasThere = [System.IO.File]::Exists($full)
    [System.IO.File]::Delete($full)
    $wasThere
}

Export-ModuleMember -Function Get-LyncListener, Get-LyncNetwork, Invoke-LyncProbe, Open-LyncListener, Close-LyncListener
