# bash completion for sharktank. tests/cli checks that every command and option is listed.
_sharktank() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
  local commands="run resume status report check duel roofline doctor agents mcp help replay verify learnings gc pause pitch ballot implement override serve sim new"
  local options=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$cur")
    return
  fi
  case $prev in
  --season) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
  --config | --html | --markdown | --file) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
  --device)
    if [ "$command" = roofline ]; then mapfile -t COMPREPLY < <(compgen -W "cpu b200" -- "$cur")
    else mapfile -t COMPREPLY < <(compgen -W "cpu" -- "$cur"); fi
    return ;;
  --rounds | --seed | --budget | --delta | --max-calls | --max-seconds | --as) return ;;
  esac
  case $command in
  run) options="--season --rounds --seed --config --budget --device --json --require-sandbox" ;;
  resume) options="--config --json --require-sandbox" ;;
  status) options="--json" ;;
  replay) options="--json" ;;
  verify) options="--json" ;;
  pause) options="--json" ;;
  pitch) options="--file --as --list --json" ;;
  ballot) options="--file --as --list --json" ;;
  implement) options="--file --as --list --json" ;;
  report) options="--html --markdown" ;;
  check) options="--device --json --require-sandbox --self" ;;
  duel) options="--budget --delta --full --device --json --require-sandbox" ;;
  roofline) options="--device --json" ;;
  doctor) options="--json --calibrate --budget --fresh" ;;
  agents) options="--config --test --json" ;;
  mcp) options="--season --challenge --max-calls --max-seconds --require-sandbox" ;;
  help) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur"); return ;;
  esac
  case $cur in
  -*) mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$cur"); return ;;
  esac
  case $command in
  run | check | duel | roofline)
    if [ "$COMP_CWORD" -eq 2 ]; then
      local names="" dir
      for dir in "${SHARKTANK_CHALLENGES:-challenges}"/*/; do
        [ -f "${dir}challenge.yml" ] || [ -f "${dir}task.yml" ] || continue
        dir=${dir%/}
        names="$names ${dir##*/}"
      done
      mapfile -t COMPREPLY < <(compgen -W "$names" -- "$cur"; compgen -d -- "$cur")
    else
      mapfile -t COMPREPLY < <(compgen -W "knobs:" -- "$cur"; compgen -f -- "$cur")
    fi
    ;;
  resume | status | report | replay | verify | pause | pitch | ballot | implement) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
  esac
}
complete -o filenames -F _sharktank sharktank
