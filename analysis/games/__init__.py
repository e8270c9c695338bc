"""Games as tables of payoffs, and what rational, learning and evolving players do in them.

Each file is one algorithm, and its docstring is its page: what it finds, its limits, its source.

===========================  =======================================================================================
file                         what it finds
===========================  =======================================================================================
`symmetric`, `roles`         the games: alike players; roles of alike players
`reduction`                  games of few players that stand for many
`differences`                which differences of payoffs are more than rounding; `regrets` holds equilibria to them
`dominance`                  strategies left when dominated ones are struck out
`symmetric_equilibria`       all symmetric equilibria, whether they are all, their kinds and indices; in whole numbers
                             where two are alike (`two_alike`), in fractions for `two_strategies`
`two_players`                all equilibria of two players, continua included; with `two_alike` it is made of `exact`
`role_equilibria`            equilibria of several roles in which those of a role draw from the same mixture; it is made
                             of `role_dominance`, `role_payoffs`, `role_supports`, `role_indifference`, `role_mixtures`,
                             `role_segments`
`pure`                       pure equilibria in which players may differ
`quantal_response`           the logit branch from even play to an equilibrium
`evolutionary_stability`     whether a population drives out the few who deviate
`dynamics`, `basins`         replicator and best-response motion; from where it comes to each equilibrium
`fictitious_play`            replies to how all have played so far
`response_graph`             where players end who improve one at a time
`correlated`                 correlated and coarse correlated equilibria of least and most value
`welfare`                    what all get together; the price of anarchy
`selection`                  what these say of a solved table: which of its equilibria is reached
===========================  =======================================================================================

They take payoffs as exact, whether they come from a formula or from runs. A market's game is played by the rest:

===========================  =======================================================================================
file                         what it does
===========================  =======================================================================================
`market`                     a scenario as a game: roles, profiles, the scenario of a profile, what players earn
`playing`, `samples`         playing profiles; what they earned, run by run, on the same seeds
`tables`                     the means of that as a table
`search`, `outside`          which profiles to run, and what is found in them; replies between the ends of ranges
`candidates`                 what may be an equilibrium: payoffs and deviations as sums of payoffs
`evidence`                   what is known of it run by run; of the whole game, where it was reduced
`certificates`               the interval of a regret, by resampling
`rare_events`                what the scenario says to be too rare for so many runs
`edges`                      equilibria at the edge of what was offered
`distribution_free`          one that holds for any distribution of bounded payoffs
`sequential`                 certificates within a budget
`solution`, `comparison`     all of that for a scenario, and for several beside one another
`telling`                    the same as plain data
===========================  =======================================================================================
"""
