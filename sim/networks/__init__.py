"""Who is linked with whom: graphs by kind, lists of links from files, and the arrays that agents look up."""
