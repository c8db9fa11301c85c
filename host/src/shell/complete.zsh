# zsh: TAB behind `ifctl`.
__ifctl_offer() {
    local -a names
    local name about
    while IFS=$'\t' read -r name about; do
        name=${name//\\/\\\\}
        names+=("${name//:/\\:}:$about")
    done
    (( $#names )) && _describe -V 'ifctl' names
}
_ifctl() {
    local -a typed=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
    __ifctl_offer < <(command ifctl __complete -- "${typed[@]}" 2>/dev/null) || _files
}
if (( ! ${+functions[compdef]} )); then
    autoload -Uz compinit && compinit
fi
compdef _ifctl ifctl
