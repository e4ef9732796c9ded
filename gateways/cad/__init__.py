"""CAD: other systems and dispatchers' screens watch the board and give orders, over one WebSocket."""
