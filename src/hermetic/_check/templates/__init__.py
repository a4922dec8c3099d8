"""What the templates of a project read of the instances that they are given."""
