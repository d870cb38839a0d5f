"""The local platform: steps as processes of this machine, in sessions of their own that outlive the driver."""
