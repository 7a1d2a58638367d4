# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Stands behind _Probe.psm1: starts the process of temporary listeners without Win32_Process, and tells routes without the module NetTCPIP,
# both of which only Windows has.

function Start-LyncProcess {
    # A child that goes on when this process ends, as one of Win32_Process does.
    param([string]$Script)
    $encoded = [System.Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($Script))
    # CreateProcessW: the command line has at most 32,767 characters.
    if ($encoded.Length -gt 32000) { throw 'the command line is too long' }
    $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo
    $start.FileName = '/bin/sh'
    $start.ArgumentList.Add('-c')
    $start.ArgumentList.Add('setsid "$0" -NoProfile -NonInteractive -EncodedCommand "$1" </dev/null >/dev/null 2>&1 &')
    $start.ArgumentList.Add([System.Environment]::ProcessPath)
    $start.ArgumentList.Add($encoded)
    [System.Diagnostics.Process]::Start($start).WaitForExit()
}

function Get-NetRoute {
    # The routes of this machine as objects with the names that MSFT_NetRoute documents: a route on the link has the next hop 0.0.0.0 or ::,
    # and routes name a card by its index. Those that outlast a restart are in LAB_PERSISTENT_ROUTES, and that there is none is an error,
    # which does not end anything.
    [CmdletBinding()]
    param([ValidateSet('ActiveStore', 'PersistentStore')][string]$PolicyStore = 'ActiveStore')
    $index = @{}
    ip -json link show | ConvertFrom-Json | ForEach-Object { $index[$_.ifname] = $_.ifindex }
    $kept = @($env:LAB_PERSISTENT_ROUTES -split ',' | Where-Object { $_ })
    $found = foreach ($family in '-4', '-6') {
        $everything, $length, $here = if ($family -eq '-4') { '0.0.0.0/0', '/32', '0.0.0.0' } else { '::/0', '/128', '::' }
        foreach ($route in @(ip -json $family route show table main | ConvertFrom-Json)) {
            $to = if ($route.dst -eq 'default') { $everything } elseif ($route.dst -like '*/*') { $route.dst } else { "$($route.dst)$length" }
            if ($PolicyStore -eq 'ActiveStore' -or $kept -contains $to) {
                [pscustomobject]@{
                    DestinationPrefix = $to
                    InterfaceIndex = [uint32]$index[$route.dev]
                    NextHop = if ($route.gateway) { $route.gateway } else { $here }
                    RouteMetric = [uint16]$route.metric
                    InterfaceMetric = [uint32]0
                }
            }
        }
    }
    if (-not $found) {
        Write-Error -Message 'No MSFT_NetRoute objects found'
    }
    $found
}
