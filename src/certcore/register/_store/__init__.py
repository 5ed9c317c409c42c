"""What a register holds, in its database: certificates, events, vehicles, lists."""
