"""Games as tables of payoffs, and what rational, learning and evolving players do in them.

Each file is one algorithm. Its docstring says what it finds, its limits and its source.

===========================  =======================================================================================
`tables/`                    games as tables
===========================  =======================================================================================
`symmetric`, `roles`         the games: players who are all alike; roles of players who are alike
`reduction`                  games of few players that stand for many
`differences`                which differences of payoffs are more than rounding
`regrets`                    whether a profile is an equilibrium, given these differences
===========================  =======================================================================================

===========================  =======================================================================================
`solvers/`                   equilibria of a table
===========================  =======================================================================================
`dominance`                  strategies that remain when dominated ones are removed
`symmetric_equilibria`       all symmetric equilibria, whether all were found, their kinds and indices; for two alike
                             players in whole numbers (`two_alike`), for two strategies in fractions (`two_strategies`)
`two_players`                all equilibria of two players, continua included; it uses `exact`, as does `two_alike`
`role_equilibria`            equilibria of several roles in which the players of a role draw from the same mixture; it
                             uses `role_dominance`, `role_supports`, `role_indifference`, `role_mixtures`,
                             `role_segments`
`pure`                       pure equilibria in which players may differ
===========================  =======================================================================================

===========================  =======================================================================================
`dynamics/`                  which equilibrium players reach
===========================  =======================================================================================
`quantal_response`           the logit branch from even play to an equilibrium
`evolutionary_stability`     whether a population drives out a few players who deviate
`motion`, `basins`           replicator and best-response dynamics; starting points that lead to each equilibrium
`fictitious_play`            replies to the average play so far
`response_graph`             where players end who improve one at a time
`correlated`                 correlated and coarse correlated equilibria of least and most value
`welfare`                    payoffs of all players together; the price of anarchy
`selection`                  what these say about the equilibria of a solved table
===========================  =======================================================================================

These files take payoffs as exact, whether they come from a formula or from runs. The others play the game of a market:

===========================  =======================================================================================
`empirical/`                 a market's game
===========================  =======================================================================================
`market`                     a scenario as a game: roles, profiles, the scenario of a profile, what players earn
`payoffs`, `payoff_samples`  runs of profiles; their payoffs run by run, on the same seeds
`payoff_tables`              the means of these payoffs as a table
`search`, `range_best_reply` which profiles to run, and what is found in them; best replies within ranges
`candidates`                 possible equilibria: payoffs and deviations as sums of payoffs
`evidence`                   what is known of a candidate run by run; of the whole game if it was reduced
`edges`                      equilibria at the edge of the choices that were offered
`sequential`                 certificates within a budget
`solution`, `comparison`     all of this for one scenario, and for several scenarios side by side
===========================  =======================================================================================

===========================  =======================================================================================
`certificates/`              how sure a candidate is
===========================  =======================================================================================
`resampling`                 the interval of a regret, by resampling
`rare_events`                events of the scenario that are too rare for the number of runs
`distribution_free`          an interval that holds for every distribution of bounded payoffs
===========================  =======================================================================================

`output/` shows answers as tables, figures and plain data.
"""
