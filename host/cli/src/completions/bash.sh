# powerbox completions bash
_powerbox() {
    local value
    COMPREPLY=()
    # What comes is quoted for the place where bash inserts it.
    while IFS= read -r value; do
        COMPREPLY+=("$value")
    done < <("${COMP_WORDS[0]}" completions bash --line="${COMP_LINE:0:COMP_POINT}" --part="$2" 2>/dev/null)
    # A slot goes on.
    if [[ ${#COMPREPLY[@]} -gt 0 && ${COMPREPLY[0]} == *[/=] ]]; then
        compopt -o nospace
    fi
}
complete -o default -F _powerbox powerbox
