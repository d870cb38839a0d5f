"""What every Bento is made with: it renders and builds one, and answers requests under a data contract."""
