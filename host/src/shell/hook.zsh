# zsh: the interactive line `if vmix cut studio` runs as `ifctl vmix cut studio`. Lines that are
# the shell's own `if` stay untouched; so does everything behind the first line of a command.
__ifctl_accept() {
    local line
    local -a typed=(${(z)BUFFER})
    if [[ $CONTEXT == start && ${typed[1]-} == if ]] &&
        line=$(command ifctl __rewrite --line "$BUFFER" 2>/dev/null); then
        BUFFER=$line
        CURSOR=${#BUFFER}
    fi
    zle __ifctl_next_accept
}
# TAB behind `if`: what is ours first, then whatever zsh would offer.
_ifctl_if() {
    local -a typed=(${(z)LBUFFER})
    [[ ${typed[1]-} == if && -z $PREBUFFER && $LBUFFER == *if[[:blank:]]* ]] || return 1
    __ifctl_offer < <(command ifctl __complete --line "$LBUFFER" 2>/dev/null)
}
if [[ -o interactive ]] && (( ! ${+widgets[__ifctl_next_accept]} )); then
    zle -A accept-line __ifctl_next_accept
    zle -N accept-line __ifctl_accept
    () {
        local -a completer
        zstyle -a ':completion:*' completer completer || completer=(_complete _ignored)
        zstyle ':completion:*' completer _ifctl_if $completer
    }
fi
