# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# For this collection only. The frame of a change on a Windows host: what stands for its state, the lock, and the task of Schedule.Service
# that takes a change back to a snapshot of _Snapshot.psm1. Nothing here decides anything.

# Each change that is armed has a task of its own, because Windows keeps when a task ran last although it is made anew.
$script:RevertTask = 'msuc.lync firewall revert'
$script:RevertTime = 'yyyy-MM-ddTHH:mm:ssZ'
# 0x41301 SCHED_S_TASK_RUNNING
$script:IsRunning = 267009

function ConvertTo-LyncLine {
    <#
    .SYNOPSIS
    Returns a value as text that is the same whatever the order of the keys of its hashtables.
    #>
    param($Value)

    # Loops and no pipelines: a host has hundreds of rules, and their lines are most of what a fingerprint costs.
    if ($Value -is [System.Collections.IDictionary]) {
        $keys = [string[]]@($Value.Keys)
        [System.Array]::Sort($keys, [System.StringComparer]::Ordinal)
        $parts = foreach ($key in $keys) {
            $one = $Value[$key]
            if ($one -is [System.Collections.IList] -or $one -is [System.Collections.IDictionary]) {
                $one = ConvertTo-LyncLine -Value $one
            }
            "$key=$one"
        }
        return $parts -join '|'
    }
    $parts = foreach ($one in $Value) {
        if ($one -is [System.Collections.IDictionary]) { ConvertTo-LyncLine -Value $one } else { [string]$one }
    }
    $parts -join ','
}

function Get-LyncFingerprint {
    <#
    .SYNOPSIS
    Returns a hash of lines, whatever their order.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Line)

    $sorted = [string[]]$Line.Clone()
    [System.Array]::Sort($sorted, [System.StringComparer]::Ordinal)
    # This class also works where only certified cryptography is allowed.
    $hash = New-Object -TypeName System.Security.Cryptography.SHA256CryptoServiceProvider
    $bytes = $hash.ComputeHash([System.Text.Encoding]::UTF8.GetBytes($sorted -join "`n"))
    [System.BitConverter]::ToString($bytes).Replace('-', '')
}

function Enter-LyncLock {
    <#
    .SYNOPSIS
    Takes the lock of all runs on this host, and fails when another one has it for long.
    #>
    param([int]$Second = 30)

    $lock = New-Object -TypeName System.Threading.Mutex -ArgumentList $false, 'Global\msuc.lync.firewall'
    try {
        $isMine = $lock.WaitOne($Second * 1000)
    } catch [System.Threading.AbandonedMutexException] {
        # The run that had it ended without giving it back.
        $isMine = $true
    }
    if (-not $isMine) {
        throw "another run is writing on this host, and did not end within $Second seconds; nothing was written"
    }
    $lock
}

function Get-LyncTaskFolder {
    <#
    .SYNOPSIS
    Returns the root folder of the task scheduler, and the scheduler itself.
    #>
    $service = New-Object -ComObject Schedule.Service
    $service.Connect()
    @{ Service = $service; Folder = $service.GetFolder('\') }
}

function Get-LyncRevertTask {
    <#
    .SYNOPSIS
    Returns the tasks that take a change back, those of earlier changes too.
    #>
    param([Parameter(Mandatory = $true)]$Scheduler)

    foreach ($task in $Scheduler.Folder.GetTasks(1)) {
        if ($task.Name.StartsWith($script:RevertTask)) {
            $task
        }
    }
}

function Get-LyncRevertMarker {
    <#
    .SYNOPSIS
    Returns the path of the file that is there before the task is armed and until it is removed: when it is due, the snapshot, the task's name.
    #>
    Join-Path -Path $env:SystemRoot -ChildPath 'msuc.lync\revert.txt'
}

function Read-LyncRevertMarker {
    <#
    .SYNOPSIS
    Returns what the marker says (Due, Path, Name), $null when there is none.
    #>
    $marker = Get-LyncRevertMarker
    if (-not (Test-Path -LiteralPath $marker)) {
        return
    }
    $line = @(Get-Content -LiteralPath $marker -Encoding UTF8)
    $style = [System.Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal'
    $due = [System.DateTime]::MinValue
    $culture = [System.Globalization.CultureInfo]::InvariantCulture
    if ($line.Count -lt 3 -or -not [System.DateTime]::TryParseExact($line[0], $script:RevertTime, $culture, $style, [ref]$due)) {
        throw "$marker is not understood; fix: delete it when the Task Scheduler has no task '$script:RevertTask'"
    }
    @{ Due = $due; Path = $line[1]; Name = $line[2] }
}

function Get-LyncRevertState {
    <#
    .SYNOPSIS
    Returns how it stands with a task: waits, running, done, failed, expired.
    #>
    param([Parameter(Mandatory = $true)]$Task, [Parameter(Mandatory = $true)][System.DateTime]$Due)

    if (-not $Task.Enabled) {
        throw "the scheduled task '$($Task.Name)' is switched off"
    }
    if ($Task.NextRunTime -gt [System.DateTime]::Now) { return 'waits' }
    if ($Task.LastTaskResult -eq $script:IsRunning) { return 'running' }
    # A task that has never run has a date of long ago.
    if ($Task.LastRunTime.Year -gt 2000) { return $(if ($Task.LastTaskResult -eq 0) { 'done' } else { 'failed' }) }
    # A host that was off starts it when it is available, up to the end boundary.
    if ([System.DateTime]::UtcNow -lt $Due.AddDays(1)) { 'waits' } else { 'expired' }
}

function Get-LyncRevert {
    <#
    .SYNOPSIS
    Returns what became of the change that was armed last: Path, Due, State and Result of netsh; $null without one. Without the marker the
    scheduler is not asked, so a host on which nothing was armed needs none.
    #>
    $revert = Read-LyncRevertMarker
    if ($null -eq $revert) {
        return
    }
    $task = Get-LyncRevertTask -Scheduler (Get-LyncTaskFolder) | Where-Object { $_.Name -eq $revert.Name }
    if ($null -ne $task) {
        $revert.State = Get-LyncRevertState -Task $task -Due $revert.Due
        $revert.Result = [long]$task.LastTaskResult -band 0xFFFFFFFFL
        $revert
    }
}

function Get-LyncPendingRevert {
    <#
    .SYNOPSIS
    Returns what is known of a change that waits to be taken back, or could not be; nothing without one.
    #>
    try {
        $revert = Get-LyncRevert
        if ($null -eq $revert -or $revert.State -eq 'done') {
            return @{}
        }
        $seconds = [int][System.Math]::Max(0, ($revert.Due - [System.DateTime]::UtcNow).TotalSeconds)
        @{ seconds = $seconds; problem = ''; state = $revert.State; result = $(if ($revert.State -eq 'failed') { $revert.Result } else { 0 }) }
    } catch {
        @{ seconds = 0; problem = $_.Exception.Message; state = 'unknown'; result = 0 }
    }
}

function Get-LyncRevertDefinition {
    <#
    .SYNOPSIS
    Returns a task that imports a snapshot once, as SYSTEM. With an end boundary it also starts when the host was off at that time, about 10
    minutes after it is on again; TaskSettings.StartWhenAvailable asks for one, and so does DeleteExpiredTaskAfter.
    #>
    param([Parameter(Mandatory = $true)]$Scheduler, [Parameter(Mandatory = $true)][string]$Path, [Parameter(Mandatory = $true)][System.DateTime]$Due)

    $definition = $Scheduler.Service.NewTask(0)
    $definition.RegistrationInfo.Description = "Takes the firewall back to $Path unless msuc.lync confirms its change."
    $definition.Settings.StartWhenAvailable = $true
    $definition.Settings.DeleteExpiredTaskAfter = 'P7D'
    $definition.Settings.DisallowStartIfOnBatteries = $false
    $definition.Settings.StopIfGoingOnBatteries = $false
    # 1 TASK_TRIGGER_TIME, 0 TASK_ACTION_EXEC, 5 TASK_LOGON_SERVICE_ACCOUNT
    $trigger = $definition.Triggers.Create(1)
    $culture = [System.Globalization.CultureInfo]::InvariantCulture
    $trigger.StartBoundary = $Due.ToString($script:RevertTime, $culture)
    $trigger.EndBoundary = $Due.AddDays(1).ToString($script:RevertTime, $culture)
    $action = $definition.Actions.Create(0)
    $action.Path = "$([System.Environment]::SystemDirectory)\netsh.exe"
    $action.Arguments = "advfirewall import `"$Path`""
    $definition.Principal.UserId = 'S-1-5-18'
    $definition.Principal.LogonType = 5
    $definition.Principal.RunLevel = 1
    $definition
}

function Register-LyncRevert {
    <#
    .SYNOPSIS
    Arms a task that imports a snapshot once in so many minutes, and fails unless it is there and would run.
    #>
    param([Parameter(Mandatory = $true)][string]$Path, [Parameter(Mandatory = $true)][int]$Minute)

    $scheduler = Get-LyncTaskFolder
    $due = [System.DateTime]::UtcNow.AddMinutes($Minute)
    $definition = Get-LyncRevertDefinition -Scheduler $scheduler -Path $Path -Due $due
    $name = "$script:RevertTask $([guid]::NewGuid())"
    $marker = Get-LyncRevertMarker
    if (-not (Test-Path -LiteralPath (Split-Path -Path $marker))) {
        New-Item -ItemType Directory -Path (Split-Path -Path $marker) -Force | Out-Null
    }
    $text = $due.ToString($script:RevertTime, [System.Globalization.CultureInfo]::InvariantCulture)
    Set-Content -LiteralPath $marker -Value $text, $Path, $name -Encoding UTF8
    # 2 TASK_CREATE
    $scheduler.Folder.RegisterTaskDefinition($name, $definition, 2, $null, $null, 5, $null) | Out-Null
    $task = Get-LyncRevertTask -Scheduler $scheduler | Where-Object { $_.Name -eq $name }
    # The time is one of long ago when there is none.
    if ($null -eq $task -or -not $task.Enabled -or $task.NextRunTime.Year -le 2000) {
        Unregister-LyncRevert
        throw 'the task that takes the change back was made and would not run; nothing was written'
    }
    if (-not (Test-LyncSnapshot -Path $Path)) {
        Unregister-LyncRevert
        throw "the snapshot $Path is gone already; nothing was written"
    }
}

function Unregister-LyncRevert {
    <#
    .SYNOPSIS
    Removes what takes a change back, or did, if anything is there.
    #>
    $marker = Get-LyncRevertMarker
    if (-not (Test-Path -LiteralPath $marker)) {
        return
    }
    $scheduler = Get-LyncTaskFolder
    foreach ($task in @(Get-LyncRevertTask -Scheduler $scheduler)) {
        $scheduler.Folder.DeleteTask($task.Name, 0)
    }
    Remove-Item -LiteralPath $marker
}

function Assert-LyncNoRevert {
    <#
    .SYNOPSIS
    Fails while a change waits to be confirmed.
    #>
    $revert = Get-LyncRevert
    if ($null -ne $revert -and ('waits', 'running') -contains $revert.State) {
        throw 'a change that was not confirmed waits to be taken back; nothing was written, run again when it was taken back'
    }
}

function Save-LyncPolicy {
    <#
    .SYNOPSIS
    Prepares the way back before the first write, as the options snapshot and confirm_minutes ask. What is left of one that ran goes.
    #>
    param([Parameter(Mandatory = $true)]$Module, [Parameter(Mandatory = $true)][string]$Directory)

    Unregister-LyncRevert
    if ($Module.Params.snapshot) {
        $Module.Result.snapshot = Export-LyncSnapshot -Directory $Directory -Keep $Module.Params.snapshot_keep
    }
    if ($Module.Params.confirm_minutes -gt 0) {
        Register-LyncRevert -Path $Module.Result.snapshot -Minute $Module.Params.confirm_minutes
        $Module.Result.armed = $true
    }
}

function Confirm-LyncChange {
    <#
    .SYNOPSIS
    Lets the last change stay: what would have taken it back goes.
    #>
    param([Parameter(Mandatory = $true)]$Module)

    $revert = Get-LyncRevert
    $state = if ($null -eq $revert) { 'none' } else { $revert.State }
    switch ($state) {
        'waits' { break }
        'none' { throw 'no change waits to be confirmed: it was confirmed, or taken back, before' }
        'running' { throw 'the change is being taken back at this moment' }
        'done' { throw 'the change was taken back before it was confirmed' }
        'failed' { throw "the change was to be taken back, and netsh ended with $($revert.Result): it is still in force" }
        'expired' { throw 'the change was to be taken back, and its task never ran: it is still in force' }
    }
    if (-not $Module.CheckMode) {
        Unregister-LyncRevert
    }
    $Module.Result.changed = $true
}

function Undo-LyncChange {
    <#
    .SYNOPSIS
    Takes the last change back at once: the snapshot that waits for it is imported, and what waits goes.
    #>
    param([Parameter(Mandatory = $true)]$Module)

    $revert = Get-LyncRevert
    if ($null -eq $revert -or ('running', 'done') -contains $revert.State) {
        throw 'no change waits to be taken back'
    }
    if (-not (Test-LyncSnapshot -Path $revert.Path)) {
        throw "there is no snapshot $($revert.Path)"
    }
    if (-not $Module.CheckMode) {
        Import-LyncSnapshot -Path $revert.Path
        Unregister-LyncRevert
    }
    $Module.Result.changed = $true
}

function Invoke-LyncLocked {
    <#
    .SYNOPSIS
    Does something under the lock of all runs.
    #>
    param([Parameter(Mandatory = $true)][scriptblock]$Do)

    $lock = Enter-LyncLock
    try {
        $null = & $Do
    } finally {
        $lock.ReleaseMutex()
    }
}

function Invoke-LyncChange {
    <#
    .SYNOPSIS
    Applies under the lock if there is something to apply, then answers, and returns the first failure: what was done before it is told too.
    #>
    param([scriptblock]$Apply, [Parameter(Mandatory = $true)][scriptblock]$Answer)

    $failure = $null
    if ($null -ne $Apply) {
        try {
            Invoke-LyncLocked -Do $Apply
        } catch {
            $failure = $_
        }
    }
    try {
        $null = & $Answer
    } catch {
        # What stopped the changes matters more than why the host could not be read again.
        if ($null -eq $failure) {
            $failure = $_
        }
    }
    $failure
}

Export-ModuleMember -Function ConvertTo-LyncLine, Get-LyncFingerprint, Unregister-LyncRevert, Assert-LyncNoRevert, Save-LyncPolicy,
    Confirm-LyncChange, Undo-LyncChange, Get-LyncPendingRevert, Invoke-LyncLocked, Invoke-LyncChange
