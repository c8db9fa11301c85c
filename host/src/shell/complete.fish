# fish: TAB behind `ifctl`.
function __ifctl
    set -l line (commandline -c | string collect)
    set -l found (command ifctl __complete --line "$line" 2>/dev/null)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c ifctl -f -a '(__ifctl)'
