# bash: the interactive line `if vmix cut studio` runs as `ifctl vmix cut studio`. Lines that are
# the shell's own `if` stay untouched; so does everything behind the first line of a command.
__ifctl_accept() {
    [[ -n ${__ifctl_first-} ]] || return 0
    __ifctl_first=
    [[ $READLINE_LINE == *([[:blank:]])if[[:blank:]]* ]] || return 0
    local line
    line=$(command ifctl __rewrite --line "$READLINE_LINE" 2>/dev/null) || return 0
    READLINE_LINE=$line
    READLINE_POINT=${#line}
}
__ifctl_prompt() { __ifctl_first=1; }
__ifctl_bind() {
    local map key
    for map in emacs-standard vi-insert vi-command; do
        bind -m "$map" -x '"\C-x\C-]i": __ifctl_accept'
        bind -m "$map" '"\C-x\C-]j": accept-line'
        for key in m j; do
            bind -m "$map" "\"\\C-$key\": \"\\C-x\\C-]i\\C-x\\C-]j\""
        done
    done
}
if [[ $- == *i* && ${PROMPT_COMMAND[*]-} != *__ifctl_prompt* ]]; then
    if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == "declare -a"* ]]; then
        PROMPT_COMMAND+=(__ifctl_prompt)
    else
        PROMPT_COMMAND="__ifctl_prompt${PROMPT_COMMAND:+; $PROMPT_COMMAND}"
    fi
    __ifctl_bind 2>/dev/null
fi
