# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Put behind the functions of _Snapshot.psm1 by tests/simulators/powershell.py, in place of those that ask .NET Framework for the rights in a
# folder. LAB_FOLDER_ACCESS: the owner, then SID:RIGHTS of who may what. A new folder holds its rights in the file sddl.
function New-LyncFolder {
    param([string]$Path, [string]$Access)
    New-Item -ItemType Directory -Path $Path -Force | Out-Null
    Set-Content -LiteralPath (Join-Path -Path $Path -ChildPath 'sddl') -Value $Access -NoNewline
}

function Get-LyncFolderRight {
    param([string]$Path)
    $owner, $rights = ([string]$env:LAB_FOLDER_ACCESS).Split(' ')
    if ($owner) { @{ Sid = $owner; Right = 0x10000000L } }
    foreach ($right in $rights) {
        $sid, $mask = $right.Split(':')
        @{ Sid = $sid; Right = [long]$mask }
    }
}

function Get-LyncAccountName { param([string]$Sid) $Sid }
