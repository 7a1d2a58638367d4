#!powershell

# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..module_utils._Module
#AnsibleRequires -PowerShell ..module_utils._Probe

$spec = @{
    options = @{
        operation = @{ type = 'str'; required = $true; choices = @('probe', 'listen', 'close') }
        probes = @{
            type = 'list'
            elements = 'dict'
            default = @()
            options = @{
                id = @{ type = 'str'; required = $true }
                kind = @{ type = 'str'; required = $true; choices = @('tcp', 'tls', 'udp') }
                source = @{ type = 'str'; default = '' }
                address = @{ type = 'str'; required = $true }
                port = @{ type = 'int'; required = $true }
                payload = @{ type = 'str'; default = '' }
                server_name = @{ type = 'str'; default = '' }
                hold_milliseconds = @{ type = 'int'; default = 0 }
            }
        }
        timeout_milliseconds = @{ type = 'int'; default = 3000 }
        at_once = @{ type = 'int'; default = 16 }
        per_second = @{ type = 'int'; default = 50 }
        total_seconds = @{ type = 'int'; default = 120 }
        read_network = @{ type = 'bool'; default = $false }
        listen = @{
            type = 'list'
            elements = 'dict'
            default = @()
            options = @{
                protocol = @{ type = 'str'; required = $true; choices = @('tcp', 'udp') }
                address = @{ type = 'str'; required = $true }
                port = @{ type = 'int'; required = $true }
            }
        }
        listen_seconds = @{ type = 'int'; default = 600 }
        token = @{ type = 'str'; default = '' }
    }
    supports_check_mode = $true
}
$ErrorActionPreference = 'Stop'
$module = New-LyncModule -Specification $spec -Given $complex_args

function Write-Probe {
    # What was met, and what this host listens on.
    $limit = @{
        Millisecond = $module.Params.timeout_milliseconds
        AtOnce = $module.Params.at_once
        PerSecond = $module.Params.per_second
        TotalSecond = $module.Params.total_seconds
    }
    $module.Result.answers = @(Invoke-LyncProbe -Probe @($module.Params.probes) @limit)
    $module.Result.listeners = @(Get-LyncListener)
    if ($module.Params.read_network) {
        $module.Result.network = Get-LyncNetwork
    }
}

function Write-Listen {
    # Temporary listeners, and what this host listens on then.
    $opened = @{ Token = ''; Opened = @(); NotOpened = @() }
    if (@($module.Params.listen).Count -and -not $module.CheckMode) {
        $opened = Open-LyncListener -Listen @($module.Params.listen) -Second $module.Params.listen_seconds
    }
    $module.Result.opened = @($opened.Opened)
    $module.Result.not_opened = @($opened.NotOpened)
    $module.Result.token = $opened.Token
    $module.Result.changed = @($opened.Opened).Count -gt 0
    $module.Result.listeners = @(Get-LyncListener)
}

$failure = $null
try {
    Assert-LyncOption -Module $module
    switch ($module.Params.operation) {
        'probe' { Write-Probe }
        'listen' { Write-Listen }
        'close' { $module.Result.changed = [bool]($module.Params.token -and -not $module.CheckMode -and (Close-LyncListener -Token $module.Params.token)) }
    }
} catch {
    $failure = $_
}
Write-LyncResult -Module $module -Failure $failure
