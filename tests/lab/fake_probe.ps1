# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Stands behind _Probe.psm1: starts the process of temporary listeners without Win32_Process, which only Windows has.

function Start-LyncProcess {
    # A child that goes on when this process ends, as one of Win32_Process does.
    param([string]$Script)
    $encoded = [System.Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($Script))
    $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo
    $start.FileName = '/bin/sh'
    $start.ArgumentList.Add('-c')
    $start.ArgumentList.Add('setsid "$0" -NoProfile -NonInteractive -EncodedCommand "$1" </dev/null >/dev/null 2>&1 &')
    $start.ArgumentList.Add([System.Environment]::ProcessPath)
    $start.ArgumentList.Add($encoded)
    [System.Diagnostics.Process]::Start($start).WaitForExit()
}
