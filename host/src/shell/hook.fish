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
function __ifctl_in_if
    string match -qr '^\s*if\s' -- (commandline | string collect)
end
if status is-interactive
    for mode in default insert
        bind -M $mode \r __ifctl_accept
        bind -M $mode \n __ifctl_accept
    end
    # fish completes the words behind `if` as a command of their own: one rule for each provider.
    for word in (command ifctl __complete -- '' 2>/dev/null | string replace -r '\t.*' '')
        complete -c $word -n __ifctl_in_if -f -a '(__ifctl)'
    end
end
