"""Games as tables of payoffs, and what rational, learning and evolving players do in them.

Each file is one algorithm, and its docstring is its page: what it finds, its limits, its source.

===========================  =======================================================================================
file                         what it finds
===========================  =======================================================================================
`symmetric`, `roles`         the games: alike players; roles of alike players
`reduction`                  games of few players that stand for many
`dominance`                  strategies left when dominated ones are struck out
`symmetric_equilibria`       all symmetric equilibria, whether they are all, their kinds and indices
`two_players`                all equilibria of two players, continua included
`pure`                       pure equilibria in which players may differ
`quantal_response`           the logit branch from even play to an equilibrium
`evolutionary_stability`     whether a population drives out the few who deviate
`dynamics`, `basins`         replicator and best-response motion; from where it comes to each equilibrium
`fictitious_play`            replies to how all have played so far
`response_graph`             where players end who improve one at a time
`correlated`                 correlated and coarse correlated equilibria of least and most value
`welfare`                    what all get together; the price of anarchy
===========================  =======================================================================================

Nothing here runs a market: payoffs come from a formula or from runs, and are taken as exact.
"""
