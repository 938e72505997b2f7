# awk -f limits.awk files...: one line for each file above 400 lines, function above 80 lines, and
# parameter list of more than 5. A comment "Long because ..." or "Many parameters because ..." right
# above a function excuses it. Reads C++ as clang-format lays it out; templates and lambdas included, but
# a lambda counts as part of the function that it is in.
function complain(line, text) { printf "%s:%d: %s\n", FILENAME, line, text; problems++ }

# The number of parameters of the function whose header is given; -1 where it is none.
function parameters(header,    i, c, angle, paren, count, any) {
  gsub(/operator *(\(\)|<<|<=|<|>>|>=|>|->)/, "operator_", header)
  gsub(/->/, " ", header)
  angle = 0; paren = 0; count = 0; any = 0
  for (i = 1; i <= length(header); i++) {
    c = substr(header, i, 1)
    if (c == "<") angle++
    else if (c == ">") { if (angle > 0) angle-- }
    else if (c == "(" && angle == 0) { if (++paren == 1) continue }
    else if (c == ")" && angle == 0) { if (--paren == 0) return any ? count + 1 : 0 }
    else if (c == "{" || c == "[") angle++
    else if (c == "}" || c == "]") angle--
    else if (c == "," && angle == 0 && paren == 1) count++
    if (paren >= 1 && c != " ") any = 1
  }
  return -1
}

function check_parameters(    count) {
  if (header !~ /\(/ || header ~ /^ *(static_assert|using|typedef|return|TEST_CASE|SECTION|BENCHMARK|#)/) return
  if (header ~ /=[^=]*\(/ && header !~ /\) *(const)? *(noexcept)? *(override)? *(=|$)/) return
  count = parameters(header)
  if (count > 5 && excuse !~ /Many parameters because/)
    complain(header_line, count " parameters: give those that belong together a struct")
}

function end_of_file() {
  if (file != "" && lines > 400) { printf "%s: %d lines: split it by concept\n", file, lines; problems++ }
}

FNR == 1 {
  end_of_file()
  file = FILENAME; depth = 0; paren = 0; header = ""; header_line = 0; raw = 0; block = 0; excuse = ""; comment = ""
}

{
  lines = FNR
  text = $0
  if (raw) { if (text !~ /\)"/) next; sub(/^.*\)"/, "", text); raw = 0 }
  if (text ~ /^ *\/\//) { comment = comment text; next }
  if (text ~ /^ *#/) { while (text ~ /\\$/ && (getline text) > 0) lines = FNR; next }
  gsub(/\\\\/, "", text); gsub(/\\"/, "", text); gsub(/\\'/, "", text)
  gsub(/'[{}();,"<>:]'/, "0", text)
  while (match(text, /R"\(/) && index(substr(text, RSTART), ")\"") > 0) {
    text = substr(text, 1, RSTART - 1) "s" substr(text, RSTART + index(substr(text, RSTART), ")\"") + 1)
  }
  if (text ~ /R"\(/) { sub(/R"\(.*$/, "s", text); raw = 1 }
  gsub(/"[^"]*"/, "s", text)
  sub(/\/\/.*$/, "", text)
  if (text ~ /^ *$/) { if (header == "") comment = ""; next }

  while (match(text, /[{}();]/)) {
    before = substr(text, 1, RSTART - 1); c = substr(text, RSTART, 1); text = substr(text, RSTART + 1)
    inside = depth > 0 && (kind[depth] == "function" || kind[depth] == "other")
    if (!inside) {
      if (header ~ /^ *$/ && (before c) !~ /^ *$/) { header_line = FNR; excuse = comment; comment = "" }
      header = header before
    }
    if (c == "{") {
      depth++
      if (inside) { kind[depth] = "other"; continue }
      if (paren > 0) { kind[depth] = "init"; header = header "{"; saved[depth] = paren; paren = 0; continue }
      if (header ~ /\).*:[^:]/ && header ~ /[A-Za-z0-9_>]$/ && header !~ /(const|override|noexcept|final)$/) { kind[depth] = "init"; saved[depth] = 0; continue }
      if (header ~ /(^|[^A-Za-z_])namespace([^A-Za-z_]|$)/ || header ~ /^ *extern s *$/) kind[depth] = "namespace"
      else if (header ~ /(^|[^A-Za-z_])enum([^A-Za-z_]|$)/) kind[depth] = "other"
      else if (header ~ /\(/ && header !~ /=[ ]*$/) { kind[depth] = "function"; check_parameters() }
      else if (header ~ /(^|[^A-Za-z_])(class|struct|union)([^A-Za-z_]|$)/) kind[depth] = "class"
      else kind[depth] = "other"
      start[depth] = header_line; reason[depth] = excuse; header = ""
    } else if (c == "}") {
      if (kind[depth] == "init") { paren = saved[depth]; header = header "}"; depth--; continue }
      if (kind[depth] == "function" && FNR - start[depth] + 1 > 80 && reason[depth] !~ /Long because/)
        complain(start[depth], "a function of " (FNR - start[depth] + 1) " lines: split it")
      depth--
      header = ""; comment = ""
    } else if (!inside) {
      if (c == "(") { paren++; header = header c }
      else if (c == ")") { paren--; header = header c }
      else if (paren == 0) { check_parameters(); header = "" }
    }
  }
  inside = depth > 0 && (kind[depth] == "function" || kind[depth] == "other")
  if (!inside && text !~ /^ *$/) {
    if (header ~ /^ *$/) { header_line = FNR; excuse = comment; comment = "" }
    header = header text " "
  }
  if (text ~ /(public|private|protected): *$/ && depth > 0 && kind[depth] == "class") header = ""
}

END { end_of_file(); exit problems > 0 }
