# powerbox completions fish
# Fish quotes what it inserts.
complete -c powerbox -a '(powerbox completions fish --line=(commandline -cp | string collect) 2>/dev/null)'
