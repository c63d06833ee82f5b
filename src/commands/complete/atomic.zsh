#compdef atomic
# zsh completion for atomic: source <(atomic completion zsh)
_atomic() {
  local -a lines
  lines=("${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  case "${lines[1]}" in
    "") return 1 ;;
    :directory) _files -/ ;;
    :file) _files ;;
    *)
      lines=("${(@)lines//:/\\:}")
      lines=("${(@)lines//$'\t'/:}")
      _describe -t values value lines
      ;;
  esac
}
if [ "$funcstack[1]" = _atomic ]; then _atomic "$@"; else compdef _atomic atomic; fi
