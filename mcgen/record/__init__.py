"""What an event is: the tables that the stages make, and the columns that they become."""
