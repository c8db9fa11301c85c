# fish: the interactive line `if vmix cut studio` runs as `ifctl vmix cut studio`. Lines that are
# the shell's own `if` stay untouched.
function __ifctl_accept
    set -l line (commandline | string collect)
    if string match -qr '^\s*if\s' -- $line
        set -l ours (command ifctl __rewrite --line "$line" 2>/dev/null | string collect)
        and commandline -r -- $ours
    end
    commandline -f execute
end
# fish completes the words behind `if` as a command of their own. Where ours fit, TAB writes the line
# as it will run, and completes that.
function __ifctl_tab
    set -l line (commandline -c | string collect)
    if string match -qr '^\s*if\s' -- $line
        and command ifctl __complete --line "$line" 2>/dev/null | string length -q
        set -l cursor (commandline -C)
        commandline -r -- (commandline | string replace -r '^(\s*)if(\s)' '$1ifctl$2' | string collect)
        commandline -C (math $cursor + 3)
    end
    commandline -f complete
end
if status is-interactive
    for mode in default insert
        bind -M $mode \r __ifctl_accept
        bind -M $mode \n __ifctl_accept
        bind -M $mode \t __ifctl_tab
    end
end
