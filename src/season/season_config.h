/* `season.yml` beside the rulebook: budgets, prices, agents. Thread safety: pure. */
#ifndef SHARKTANK_SEASON_CONFIG_H
#define SHARKTANK_SEASON_CONFIG_H

#include "base/base_json.h"
#include "base/base_yaml.h"

/* Reads `budgets`, `prices` and `agents` into members of rules. */
enum status season_config_read(const struct yaml_doc *d, json_t *rules, struct error *e) MUST_USE;
/* Can a season be played with this cast? Everybody's agent exists, answers what it will be asked, holds no
 * secret in its name, and has a price where there is a budget of money. A name that nobody answers to is a
 * mistake to mend before the start, not a fault to play a season with. */
enum status season_config_check(const json_t *rules, struct error *e) MUST_USE;
/* Moves cast, budgets, prices and agents from the rules to season_started's data; empty ones are left out. */
void season_config_split(json_t *rules, json_t *started);

#endif
