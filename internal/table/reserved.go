package table

import "strings"

// reserved are the words that DuckDB or Snowflake does not take as a column
// name without quotes. A test holds the list against DuckDB's own
// duckdb_keywords(); Snowflake's are from its page "Reserved & limited keywords".
var reserved = wordSet(`
account all alter analyse analyze and anti any array as asc asof asymmetric at authorization
between binary both by
case cast check collate collation column concurrently connect connection constraint create cross current
current_date current_time current_timestamp current_user
database default deferrable delete desc describe distinct do drop
else end except exists
false fetch first following for foreign freeze from full
generated glob grant group gscluster
having
ilike in increment initially inner insert intersect into is isnull issue
join
lambda lateral leading left like limit localtime localtimestamp
map minus
natural not notnull null
of offset on only or order organization outer overlaps
pivot pivot_longer pivot_wider placing positional primary
qualify
references regexp returning revoke right rlike row rows
sample schema select semi set show similar some start struct summarize symmetric
table tablesample then to trailing trigger true try_cast
union unique unpack unpivot update using
values variadic verbose view
when whenever where window with
`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}
