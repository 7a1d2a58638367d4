# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Put before another collection's script by tests/simulators/powershell.py: the cmdlets of the module DnsServer that
# ansible.windows.win_dns_record calls, over a BIND. LAB_DNS is JSON: port, key and secret of that BIND.
# As documented for these cmdlets: a record that is added without -TimeToLive gets the zone's, and Set- changes one record.
class LabDnsRecord {
    [string]$HostName
    [string]$RecordType
    [TimeSpan]$TimeToLive
    [object]$Timestamp
    [hashtable]$RecordData
    [string]$Fqdn
    [LabDnsRecord] Clone() {
        return [LabDnsRecord]@{
            HostName = $this.HostName; RecordType = $this.RecordType; TimeToLive = $this.TimeToLive; RecordData = $this.RecordData.Clone(); Fqdn = $this.Fqdn
        }
    }
}

function Get-LabDnsName {
    param([string]$Name, [string]$ZoneName)
    if ($Name -eq '@') { "$ZoneName." } else { "$Name.$ZoneName." }
}

function Invoke-LabDnsUpdate {
    param([string[]]$Line)
    $server = $env:LAB_DNS | ConvertFrom-Json
    $text = (@("server 127.0.0.1 $($server.port)") + $Line + @('send', '')) -join "`n"
    $printed = $text | & nsupdate -v -y "hmac-sha256:$($server.key):$($server.secret)" 2>&1
    if ($LASTEXITCODE) { throw "nsupdate: $printed" }
}

function Get-LabDnsText {
    param([string]$Type, [hashtable]$Data)
    switch ($Type) {
        'A' { "$($Data.IPv4Address)" }
        'AAAA' { "$($Data.IPv6Address)" }
        'CNAME' { "$($Data.HostNameAlias)" }
        'TXT' { '"' + $Data.DescriptiveText + '"' }
        'SRV' { "$($Data.Priority) $($Data.Weight) $($Data.Port) $($Data.DomainName)" }
    }
}

function Get-DnsServerResourceRecord {
    [CmdletBinding()]
    param([string]$ZoneName, [string]$Name, [string]$RRType, [switch]$Node)
    $server = $env:LAB_DNS | ConvertFrom-Json
    $fqdn = Get-LabDnsName -Name $Name -ZoneName $ZoneName
    $lines = & dig '@127.0.0.1' -p $server.port -y "hmac-sha256:$($server.key):$($server.secret)" +noall +answer +norecurse $fqdn $RRType
    foreach ($line in $lines) {
        $part = $line -split '\s+', 5
        if ($part.Count -lt 5 -or $part[3] -ne $RRType) { continue }
        $data = switch ($RRType) {
            'A' { @{ IPv4Address = [System.Net.IPAddress]::Parse($part[4]) } }
            'AAAA' { @{ IPv6Address = [System.Net.IPAddress]::Parse($part[4]) } }
            'CNAME' { @{ HostNameAlias = $part[4] } }
            'TXT' { @{ DescriptiveText = $part[4].Trim('"') } }
            'SRV' { $value = $part[4].Split(' '); @{ Priority = [int]$value[0]; Weight = [int]$value[1]; Port = [int]$value[2]; DomainName = $value[3] } }
        }
        [LabDnsRecord]@{ HostName = $Name; RecordType = $RRType; TimeToLive = [TimeSpan]::FromSeconds([int]$part[1]); RecordData = $data; Fqdn = $fqdn }
    }
}

function Add-DnsServerResourceRecord {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [switch]$A, [switch]$AAAA, [switch]$CNAME, [switch]$SRV, [switch]$TXT, [switch]$AllowUpdateAny, [string]$Name, [string]$ZoneName,
        [Nullable[TimeSpan]]$TimeToLive, [string]$IPv4Address, [string]$IPv6Address, [string]$HostNameAlias, [string]$DescriptiveText,
        [string]$DomainName, [int]$Priority, [int]$Weight, [int]$Port
    )
    if (-not $PSCmdlet.ShouldProcess($Name)) { return }
    $type = @('A', 'AAAA', 'CNAME', 'SRV', 'TXT').Where{ $PSBoundParameters.ContainsKey($_) }[0]
    $seconds = if ($null -eq $TimeToLive) { 3600 } else { [int]$TimeToLive.TotalSeconds }
    $text = Get-LabDnsText -Type $type -Data $PSBoundParameters
    Invoke-LabDnsUpdate -Line "update add $(Get-LabDnsName -Name $Name -ZoneName $ZoneName) $seconds $type $text"
}

function Remove-DnsServerResourceRecord {
    [CmdletBinding(SupportsShouldProcess)]
    param([string]$ZoneName, [switch]$Force, [Parameter(ValueFromPipeline)][object]$InputObject)
    process {
        if (-not $PSCmdlet.ShouldProcess($InputObject.Fqdn)) { return }
        $text = Get-LabDnsText -Type $InputObject.RecordType -Data $InputObject.RecordData
        Invoke-LabDnsUpdate -Line "update delete $($InputObject.Fqdn) $($InputObject.RecordType) $text"
    }
}

function Set-DnsServerResourceRecord {
    [CmdletBinding(SupportsShouldProcess)]
    param([string]$ZoneName, [object]$OldInputObject, [object]$NewInputObject)
    if (-not $PSCmdlet.ShouldProcess($OldInputObject.Fqdn)) { return }
    $old, $new = foreach ($one in $OldInputObject, $NewInputObject) { Get-LabDnsText -Type $one.RecordType -Data $one.RecordData }
    $what = "$($OldInputObject.Fqdn)"
    Invoke-LabDnsUpdate -Line @(
        "update delete $what $($OldInputObject.RecordType) $old"
        "update add $what $([int]$NewInputObject.TimeToLive.TotalSeconds) $($NewInputObject.RecordType) $new"
    )
}
