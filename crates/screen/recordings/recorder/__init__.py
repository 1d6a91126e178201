"""Records what programs write on a terminal, in a world that holds nothing of the machine it runs on."""
