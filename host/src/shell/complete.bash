# bash: TAB behind `ifctl`, and behind `if` where the word is free.
_ifctl() {
    local word cut
    COMPREPLY=()
    # Names arrive quoted as the line's own quotes demand: nothing in them is ever expanded.
    while IFS=$'\t' read -r word _; do COMPREPLY+=("$word"); done \
        < <(command ifctl __complete --quoted --line "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    # Readline replaces what stands behind the last `=` or `:` only.
    word=${COMP_LINE:0:COMP_POINT}
    word=${word##*[[:blank:]]}
    if [[ $word == *[=:]* && $word != *[\"\']* && $COMP_WORDBREAKS == *[=:]* ]]; then
        cut=${word%"${word##*[=:]}"}
        COMPREPLY=("${COMPREPLY[@]#"$cut"}")
    fi
    if ((${#COMPREPLY[@]} == 0)) && [[ ${COMP_WORDS[0]} == if && $COMP_CWORD -eq 1 ]]; then
        word=${COMP_WORDS[1]}
        [[ -z $word ]] || mapfile -t COMPREPLY < <(compgen -c -- "$word")
    fi
}
complete -o default -o bashdefault -F _ifctl ifctl if
