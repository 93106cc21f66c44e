# powerbox completions fish
complete -c powerbox -a '(powerbox completions --line (commandline -cp) 2>/dev/null)'
